"""``flask campaigns create``, ``update`` and ``archive``: the same verbs as the pages."""

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from webapp.api import serialize
from webapp.audit.service import Actor
from webapp.campaigns import progress, queries, service
from webapp.campaigns.api_rows import campaign_row
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import PARKED, REFUSED, Campaign
from webapp.cli.campaign_fields import CLEARABLE, field_options, wanted
from webapp.cli.campaigns import campaigns
from webapp.cli.plain import NOT_ALL, actor, echo_json, end_with, json_option, plainly
from webapp.cli.waiting import here_option, somebody, wait
from webapp.connections import queries as connections
from webapp.core.db import db, reading, transaction
from webapp.core.errors import InvalidInput, KeyReused, NotFound, StaleEdit
from webapp.sync import jobs

_KEYS = uuid.UUID("a9a3f3f0-9d0e-4c53-8f0c-5a1de0f3c4de")
EMPTY: dict[str, Any] = {
    "title": "",
    "advertiser": None,
    "external_id": None,
    "copy_needed": False,
    "budget": None,
    "owner": None,
    "notes": None,
}

key_option = click.option("--key", help="Names this wish: given again, it is not done again.")
wait_option = click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(0, 3600),
    default=30,
    show_default=True,
    help="Seconds to wait for the ad server's word at most; 0 does not wait.",
)
dry_option = click.option("--dry-run", is_flag=True, help="Check it all, and change nothing.")


@campaigns.command("create")
@field_options
@click.option("--connection", "connection_id", type=int, help="Its id; the first by default.")
@key_option
@wait_option
@here_option
@dry_option
@json_option
@plainly
def create_campaign(
    connection_id: int | None,
    key: str | None,
    seconds: float,
    here: bool,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Book a campaign. Its id is the first word printed."""
    with transaction():
        connection = (
            connections.get_connection(connection_id)
            if connection_id is not None
            else connections.first_connection()
        )
        if connection is None:
            raise NotFound("Nothing is connected. Set MEGAPHONE_API_TOKEN and MEGAPHONE_ORG_ID.")
        values = values_of(EMPTY | wanted(options))
        with _one_wish():
            made = service.create_campaign(actor(), connection, values, _intent(key))
        _end(made, dry_run=dry_run, as_json=as_json)
        campaign_id = made.uuid
    _confirm(str(campaign_id), seconds, here=here, as_json=as_json)


@campaigns.command("update")
@click.argument("campaign_id")
@field_options
@click.option("--clear", multiple=True, type=click.Choice(CLEARABLE), help="Empty this field.")
@click.option("--if-version", type=int, help="Only if nobody saved since this version.")
@key_option
@wait_option
@here_option
@dry_option
@json_option
@plainly
def update_campaign(
    campaign_id: str,
    clear: Sequence[str],
    if_version: int | None,
    key: str | None,
    seconds: float,
    here: bool,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Change what is given of a campaign; the rest stays."""
    with transaction():
        campaign = queries.get_campaign(campaign_id)
        changes = wanted(options, campaign.total_budget_currency) | dict.fromkeys(clear)
        if not changes:
            raise InvalidInput({"title": "Say what to change: flask campaigns update --help"})
        values = values_of(editable(campaign) | changes)
        version = campaign.version if if_version is None else if_version
        try:
            with _one_wish():
                service.edit_campaign(actor(), campaign, values, version, _intent(key))
        except StaleEdit as stale:
            words = f"{stale} It is at version {campaign.version}: look at it, then say it again."
            raise click.ClickException(words) from None
        _end(campaign, dry_run=dry_run, as_json=as_json)
    _confirm(campaign_id, seconds, here=here, as_json=as_json)


@campaigns.command("archive")
@click.argument("campaign_ids", nargs=-1, required=True)
@click.option("--undo", is_flag=True, help="Bring them back to the daily list.")
@dry_option
@json_option
@plainly
def archive_campaigns(
    campaign_ids: Sequence[str], undo: bool, dry_run: bool, as_json: bool
) -> None:
    """Hide campaigns from the daily list. Local: the ad server is not told."""
    act = service.unarchive_campaign if undo else service.archive_campaign
    problems: list[str] = []
    done: list[dict[str, Any]] = []
    with click.progressbar(campaign_ids, label="Archiving", file=sys.stderr) as ids:
        for each in ids:
            try:
                done.append(_acted(act, each, dry_run=dry_run))
            except NotFound as problem:
                problems.append(f"{each}: {problem}")
    if as_json:
        echo_json(done)
    else:
        words = " Nothing was changed: this was a dry run." if dry_run else ""
        click.echo(f"{len(done):,} {'brought back' if undo else 'archived'}.{words}")
    for words in problems:
        click.echo(words, err=True)
    if problems:
        end_with(NOT_ALL if done else 1)


def _acted(
    act: Callable[[Actor, Campaign], Campaign], campaign_id: str, *, dry_run: bool
) -> dict[str, Any]:
    """The campaign as it is then, for JSON. Raises ``NotFound``."""
    with transaction():
        act(actor(), queries.get_campaign(campaign_id))
        document = _document(campaign_id)
        if dry_run:
            db.session.rollback()
    return document


def _document(campaign_id: str) -> dict[str, Any]:
    return serialize.campaign(campaign_row(campaign_id), connections.organizations())


@contextmanager
def _one_wish() -> Iterator[None]:
    """A key that named another wish, said in words of the command line."""
    try:
        yield
    except KeyReused:
        words = "This --key was given before, with other values. Give another one for another wish."
        raise click.ClickException(words) from None


def _intent(key: str | None) -> uuid.UUID:
    return uuid.uuid5(_KEYS, key) if key else uuid.uuid4()


def _end(campaign: Campaign, *, dry_run: bool, as_json: bool) -> None:
    """A dry run ends here: it says what would have been, and takes it back."""
    if not dry_run:
        return
    db.session.flush()
    _say(str(campaign.uuid), as_json=as_json, words="Nothing was changed: this was a dry run.")
    db.session.rollback()
    end_with(0)


def _confirm(campaign_id: str, seconds: float, *, here: bool, as_json: bool) -> None:
    """Wait for the ad server's word, and end with it: 0 confirmed, 1 refused, 3 not yet."""
    if seconds:
        with reading():
            is_done, _ = _verdict(campaign_id)
            db.session.rollback()
        if not is_done:
            with somebody([jobs.push_due, jobs.probe_due], here_too=here) as working:
                wait(lambda: _verdict(campaign_id), working, seconds)
    with reading():
        campaign = queries.get_campaign(campaign_id)
        state, is_done = campaign.sync_state, not queries.unfinished_states(campaign)
        line = progress.line_of(campaign)
        _say(campaign_id, as_json=as_json, words=" ".join(filter(None, (line.words, line.more))))
    if state in (REFUSED, PARKED):
        end_with(1)
    if not is_done:
        end_with(NOT_ALL)


def _verdict(campaign_id: str) -> tuple[bool, str]:
    return not queries.unfinished_states(queries.get_campaign(campaign_id)), ""


def _say(campaign_id: str, *, as_json: bool, words: str) -> None:
    if as_json:
        echo_json(_document(campaign_id))
    else:
        click.echo(f"{campaign_id}  {words}")
