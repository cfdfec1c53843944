"""Going back, for scripts: undoing one change, and bringing an earlier version back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask.typing import ResponseReturnValue

from webapp.api import access, campaigns, differences, etags, outgoing, verdicts
from webapp.api.ids import number_of
from webapp.api.keys import intent_key
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as campaign_schemas
from webapp.api.schemas import outgoing as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.serialize import GROUPS
from webapp.api.verdicts import Written
from webapp.api.writing import writing
from webapp.auth.permissions import Scope
from webapp.campaigns import queries, restoring, service, undo
from webapp.campaigns.models import Campaign, Change
from webapp.changes import queries as changes
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.web.problems import Problem

ANSWERS = {200: campaign_schemas.Campaign, 202: campaign_schemas.Campaign}
ERRORS = frozenset({"not_found", "clash", "changed_meanwhile", "refused", "unavailable"})
HEADERS = frozenset({"Prefer", etags.MATCH})
TOUCHED = (
    "Each of its fields was changed since, or is in conflict. Name in “fields” what is to be "
    "undone all the same."
)


@operation(
    "POST",
    "/outgoing/<change_id>/undo",
    Declaration(
        Scope.WRITE,
        outgoing.TAG,
        "Undo a change",
        ANSWERS,
        query=WriteQuery,
        body=schemas.Undoing,
        example={"fields": ["total_budget"]},
        errors=ERRORS,
        headers=HEADERS,
        answer_headers=verdicts.HEADERS,
    ),
)
def undo_outgoing(change_id: str, query: WriteQuery, body: schemas.Undoing) -> ResponseReturnValue:
    """Give the fields of a change the values again that it found.

    What was not sent yet is taken back at no cost; what was goes out as a new change, and the
    answer waits as that of a change does. Without `fields`, those are undone that nothing has
    changed since. A booking can be undone until it is sent: it goes to the archive.

    `dry_run=1` answers with the campaign as it would be. `If-Match` is heeded as in other changes.
    """
    key = intent_key()
    with writing(dry_run=query.dry_run):
        change = changes.get_change(number_of(change_id, outgoing.WHAT))
        campaign = db.session.get_one(Campaign, change.campaign_id)
        service.lock(campaign)

        def act() -> None:
            groups = _to_undo(change, body.fields)
            with _named_as_sent(body.fields):
                undo.undo(access.actor(), change, campaign.version, groups, key)

        if queries.change_by_key(key) is None:
            differences.check_act(campaign, act, etags.seen())
        written = Written(str(campaign.uuid), key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


@operation(
    "POST",
    "/campaigns/<uuid>/restore",
    Declaration(
        Scope.WRITE,
        campaigns.TAG,
        "Bring an earlier version back",
        ANSWERS,
        query=WriteQuery,
        body=schemas.Restoring,
        example={"event_id": "42", "fields": ["title"]},
        errors=ERRORS,
        headers=HEADERS,
        answer_headers=verdicts.HEADERS,
    ),
)
def restore_campaign(uuid: str, query: WriteQuery, body: schemas.Restoring) -> ResponseReturnValue:
    """Give the fields the values again that they had right after an event of the timeline.

    It is a change like any other: what differs goes to the ad server, and the answer waits for its
    verdict. `dry_run=1` answers with the campaign as it would be. `If-Match` is heeded as in other
    changes. An event that gave no field a value is no version: 404.
    """
    key = intent_key()
    with writing(dry_run=query.dry_run):
        campaign = queries.get_campaign(uuid)
        service.lock(campaign)

        def act() -> None:
            event_id = int(body.event_id)
            groups = _to_restore(campaign, event_id, body.fields)
            with _named_as_sent(body.fields):
                if groups:
                    restoring.restore(
                        access.actor(), campaign, event_id, campaign.version, groups, key
                    )

        if queries.change_by_key(key) is None:
            differences.check_act(campaign, act, etags.seen())
        written = Written(str(campaign.uuid), key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


def _to_undo(change: Change, fields: Sequence[str] | None) -> list[str]:
    """The groups that were named, or those that the page ticks. Raises ``Problem``."""
    if fields is not None or change.before is None:
        return _groups(fields or ())
    found = undo.preview(change).groups
    if all(each.is_done for each in found):
        return [each.group for each in found]
    suggested = [each.group for each in found if each.is_suggested]
    if not suggested:
        raise Problem("clash", TOUCHED)
    return suggested


def _to_restore(campaign: Campaign, event_id: int, fields: Sequence[str] | None) -> list[str]:
    """The groups that were named, or those that the page ticks; none where all is as it was."""
    if fields is not None:
        return _groups(fields)
    differing = [g for g in restoring.preview(campaign, event_id).groups if not g.is_same]
    possible = [each.group for each in differing if each.is_possible]
    # Where nothing can be restored, the service says why.
    return possible or [each.group for each in differing]


def _groups(fields: Sequence[str]) -> list[str]:
    return [GROUPS[name] for name in dict.fromkeys(fields)]


@contextmanager
def _named_as_sent(fields: Sequence[str] | None) -> Iterator[None]:
    """Let the service's messages point at the fields that the script named."""
    try:
        yield
    except InvalidInput as problem:
        places = {GROUPS[name]: f"fields/{index}" for index, name in enumerate(fields or ())}
        found: dict[str, str] = {}
        for group, words in problem.fields.items():
            place = places.get(group, "fields")
            found[place] = f"{found[place]} {words}" if place in found else words
        raise InvalidInput(found) from None
