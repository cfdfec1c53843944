"""``flask connections``: which there are, whether they answer, and pausing what they send."""

import sys
from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup

from webapp.cli import report
from webapp.cli.plain import actor, calling_settings, echo_json, end_with, json_option, plainly
from webapp.cli.plain import settings as the_settings
from webapp.cli.sync import chosen
from webapp.connections import queries, service
from webapp.connections.models import PAUSED, Connection
from webapp.connections.words import MARKER_WORDS
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction
from webapp.core.errors import InvalidInput
from webapp.sync import budget, connection_queries
from webapp.sync.check import CheckFailed, check_connection

connections = AppGroup("connections", help="Links to ad-server accounts.")

id_argument = click.argument("connection_id", type=int, required=False)


@connections.command("list")
@json_option
@plainly
def list_connections(as_json: bool) -> None:
    """The connections in the settings, by id."""
    with reading():
        found = [
            report.status_of(each, the_settings()) | {"address": each.base_url}
            for each in queries.shown_connections()
        ]
    if as_json:
        echo_json(found)
        return
    for each in found:
        click.echo(f"{report.status_line(each)}; {each['address']}")


@connections.command("check")
@id_argument
@json_option
@plainly
def check(connection_id: int | None, as_json: bool) -> None:
    """Ask the ad server whether it answers as agreed, by a few small calls."""
    with reading():
        ids = chosen(connection_id)
        db.session.rollback()
    found = [_check(each) for each in ids]
    if as_json:
        echo_json(found)
    else:
        for each in found:
            click.echo(_check_line(each))
    end_with(0 if all(each["answers"] for each in found) else 1)


def _check(connection_id: int) -> dict[str, Any]:
    calling = calling_settings()
    limiter = budget.limiter(calling, db.engine)
    try:
        capabilities = check_connection(actor(), connection_id, calling, limiter)
    except CheckFailed as failed:
        return {"id": connection_id, "answers": False, "problem": str(failed)}
    with reading():
        mode = db.session.get_one(Connection, connection_id).marker_mode
        db.session.rollback()
    known = {"id": connection_id, "answers": True, "marker_mode": mode}
    return known | {"capabilities": capabilities}


def _check_line(found: dict[str, Any]) -> str:
    if not found["answers"]:
        return f"{found['id']}  does not answer as it should: {found['problem']}"
    seen = found["capabilities"]["campaigns"]
    campaigns = f"{seen:,} campaigns" if seen is not None else "campaigns"
    kept = MARKER_WORDS[found["marker_mode"]]
    line = f"{found['id']}  answers, shows {campaigns}; external IDs: {kept}"
    bad = found["capabilities"]["unreadable"]
    looked_at = found["capabilities"]["looked_at"]
    return f"{line}; {len(bad)} of {looked_at} looked at cannot be used: {bad[0]}" if bad else line


@connections.command("pause")
@id_argument
@click.option("--reason", required=True, help="Shown to everyone until it is resumed.")
@json_option
@plainly
def pause(connection_id: int | None, reason: str, as_json: bool) -> None:
    """Pause all sending. Reading goes on, and what is saved waits."""
    try:
        with transaction():
            for each in chosen(connection_id):
                service.hold_sending(actor(), queries.get_connection(each), reason)
    except InvalidInput as invalid:
        raise click.UsageError(str(invalid)) from None
    _say_state(connection_id, as_json, "Nothing is sent until it is resumed.")


@connections.command("resume")
@id_argument
@click.option("--yes", is_flag=True, help="Do not ask after showing what goes out.")
@json_option
@plainly
def resume(connection_id: int | None, yes: bool, as_json: bool) -> None:
    """Send again, after showing what goes out. One that is paused by an error is checked first."""
    with reading():
        ids = chosen(connection_id)
        states = {each: queries.get_connection(each).state for each in ids}
        db.session.rollback()
    failed = [_check(each) for each in ids if states[each] == PAUSED]
    failed = [each for each in failed if not each["answers"]]
    if failed:
        raise click.ClickException("; ".join(_check_line(each) for each in failed))
    _agree(ids, yes=yes)
    with transaction():
        for each in ids:
            service.release_sending(actor(), queries.get_connection(each))
    _say_state(connection_id, as_json, "Sending goes on.")


def _agree(ids: Sequence[int], *, yes: bool) -> None:
    """Show what goes out and ask. Raises ``UsageError`` where there is nobody to ask."""
    with reading():
        held = [queries.get_connection(each) for each in ids]
        held = [each for each in held if each.held_at]
        for each in held:
            _show_outgoing(each)
        db.session.rollback()
    if not held or yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Use --yes: there is nobody to ask.")
    click.confirm("Send it?", abort=True, err=True)


def _show_outgoing(connection: Connection) -> None:
    found = connection_queries.outgoing(connection, utc_now())
    is_any = f"{found.total:,} to send, in {found.forecast.words}"
    to_send = is_any if found.total else "nothing to send"
    put_off = f"; {found.put_off:,} put off" if found.put_off else ""
    click.echo(f"{connection.name}: {to_send}{put_off}.", err=True)
    for row in found.shown:
        fields = ", ".join(
            f"{c.field} {c.before or 'nothing'} -> {c.after or 'nothing'}" for c in row.changes
        )
        click.echo(f"  {row.title}: {'new' if row.kind == 'create' else fields}", err=True)


def _say_state(connection_id: int | None, as_json: bool, words: str) -> None:
    with reading():
        ids = chosen(connection_id)
        found = [report.status_of(queries.get_connection(each), the_settings()) for each in ids]
    if as_json:
        echo_json(found)
    else:
        click.echo(words)
