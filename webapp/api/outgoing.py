"""Changes on their way to the ad server, for scripts: read, held, put off and taken back."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select

from webapp.api import access, cursors, verdicts
from webapp.api.ids import number_of
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as campaign_schemas
from webapp.api.schemas import outgoing as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.serialize import Json, field_of, moment
from webapp.api.verdicts import Written
from webapp.api.writing import writing
from webapp.audit.service import Actor
from webapp.auth.permissions import Scope
from webapp.bulk.models import BulkJob
from webapp.bulk.queries import lane_of
from webapp.campaigns import outgoing
from webapp.campaigns.models import Campaign, Change
from webapp.campaigns.queries import get_campaign
from webapp.changes import queries, shown, words
from webapp.core.db import db

TAG = "Outgoing changes"
OPEN = "open"
WHAT = "change"
# What the pages call otherwise.
VERBS = {"later": "send_at", "find-out": "find_out", "mend": "edit"}


@operation(
    "GET",
    "/outgoing",
    Declaration(
        Scope.READ,
        TAG,
        "List outgoing changes",
        {200: schemas.OutgoingList},
        query=schemas.OutgoingListQuery,
        errors=frozenset({"not_found"}),
    ),
)
def list_outgoing(query: schemas.OutgoingListQuery) -> ResponseReturnValue:
    """What was saved here to be sent, of one campaign or of all, the newest first.

    Their ids are what the operations below `/outgoing` take. `GET /changes` tells of another thing:
    of all that happened to campaigns, whoever did it.
    """
    # An empty one is no wish for all of them: a script may go on to take back what it is given.
    campaign_id = None if query.campaign_id is None else get_campaign(query.campaign_id).id
    walk = "outgoing", query.campaign_id, query.state
    place = cursors.read(query.cursor or cursors.START, *walk)
    found = queries.changes_before(
        place[0] if place else None,
        query.per_page + 1,
        campaign_id=campaign_id,
        states=words.OPEN if query.state == OPEN else [query.state] if query.state else [],
    )
    listed = found[: query.per_page]
    last = [listed[-1].id] if len(found) > query.per_page else None
    meta = {"per_page": query.per_page, "next_cursor": cursors.write(last, *walk)}
    return jsonify({"items": _changes(listed), "meta": meta})


@operation(
    "GET",
    "/outgoing/<change_id>",
    Declaration(
        Scope.READ,
        TAG,
        "One outgoing change",
        {200: schemas.OutgoingChange},
        errors=frozenset({"not_found"}),
    ),
)
def get_outgoing(change_id: str) -> ResponseReturnValue:
    """What it does, how far it is, and what may be done with it now."""
    return jsonify(_changes([queries.change_row(number_of(change_id, WHAT))])[0])


def _declared(summary: str, *, waits: bool = False, body: Any = None) -> Declaration:
    """A verb of a change: the answer is its campaign, and those that send wait for the verdict."""
    found = {200: campaign_schemas.Campaign, 202: campaign_schemas.Campaign}
    return Declaration(
        Scope.WRITE,
        TAG,
        summary,
        found if waits else {200: campaign_schemas.Campaign},
        query=WriteQuery,
        body=body,
        errors=frozenset({"not_found", "clash"} | ({"refused"} if waits else set())),
        headers=frozenset({"Prefer"} if waits else ()),
        answer_headers=verdicts.HEADERS if waits else frozenset({"ETag"}),
    )


@operation("POST", "/outgoing/<change_id>/hold", _declared("Hold a change"))
def hold_outgoing(change_id: str, query: WriteQuery) -> ResponseReturnValue:
    """Keep a change that waits from being sent, until somebody releases it.

    A later edit of the campaign joins it. Once it is under way it is too late: 409 `clash`.
    """
    return _kept(change_id, outgoing.hold, dry_run=query.dry_run)


@operation("POST", "/outgoing/<change_id>/release", _declared("Release a change", waits=True))
def release_outgoing(change_id: str, query: WriteQuery) -> ResponseReturnValue:
    """Let a change on hold be sent. The answer waits as that of a change does."""
    return _sent(change_id, outgoing.release, dry_run=query.dry_run)


@operation(
    "PUT",
    "/outgoing/<change_id>/send-at",
    _declared("Put a change off", waits=True, body=schemas.Delay),
)
def put_off_outgoing(change_id: str, query: WriteQuery, body: schemas.Delay) -> ResponseReturnValue:
    """Have a change that waits sent at a later time, or as soon as it may be.

    With a time the answer comes at once; with `null` it waits as that of a change does.
    """

    def act(actor: Actor, change: Change) -> Change:
        return outgoing.send_at(actor, change, body.when)

    answer = _sent if body.when is None else _kept
    return answer(change_id, act, dry_run=query.dry_run)


@operation("POST", "/outgoing/<change_id>/cancel", _declared("Take a change back"))
def cancel_outgoing(change_id: str, query: WriteQuery) -> ResponseReturnValue:
    """Take back a change that waits: its fields are again what both sides agreed on.

    A booking has nothing to go back to: it goes to the archive, and `POST /campaigns/{uuid}/settle`
    can book it after all. Once the change is under way it is too late (409 `clash`), but what has
    arrived can be undone.
    """
    return _kept(change_id, outgoing.cancel, dry_run=query.dry_run)


@operation("POST", "/outgoing/<change_id>/find-out", _declared("Ask about a change", waits=True))
def find_out_outgoing(change_id: str, query: WriteQuery) -> ResponseReturnValue:
    """Have the ad server asked, as soon as an answer can be relied on, whether it took a change.

    For one whose answer was lost (`settling`), and one that was looked for in vain (`parked`).
    Nothing is sent by it, and nothing is booked.
    """
    return _sent(change_id, outgoing.find_out, dry_run=query.dry_run)


Act = Callable[[Actor, Change], object]


def _kept(change_id: str, act: Act, *, dry_run: bool) -> Response:
    """Do it, and answer with the campaign as it is then."""
    with writing(dry_run=dry_run):
        uuid, _ = _done(change_id, act)
        outcome = verdicts.as_it_is(uuid)
    return verdicts.respond(outcome, uuid)


def _sent(change_id: str, act: Act, *, dry_run: bool) -> Response:
    """Do it, and answer as soon as it is known what came of the change."""
    with writing(dry_run=dry_run):
        uuid, change = _done(change_id, act)
        written = Written(uuid, change.intent_key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), uuid)
    return answered if dry_run else verdicts.settle(written)


def _done(change_id: str, act: Act) -> tuple[str, Change]:
    change = queries.get_change(number_of(change_id, WHAT))
    act(access.actor(), change)
    return str(db.session.get_one(Campaign, change.campaign_id).uuid), change


def _changes(rows: Sequence[Row[Any]]) -> list[Json]:
    """What a bulk change makes is by whoever started that, as its own answer has it."""
    lanes = {row.lane for row in rows if row.lane.startswith(shown.BATCH)}
    actors: dict[str, str] = {}
    if lanes:
        uuids = [UUID(lane.removeprefix(shown.BATCH)) for lane in lanes]
        jobs = db.session.scalars(select(BulkJob).where(BulkJob.uuid.in_(uuids)))
        actors = {lane_of(job): job.actor for job in jobs}
    return [_change(it, actors.get(it.row.lane, it.who)) for it in shown.shown(rows)]


def _change(found: shown.Shown, who: str) -> Json:
    row = found.row
    is_open = row.state in words.OPEN
    return {
        "id": str(row.id),
        "campaign": {"id": str(row.uuid), "title": row.title},
        "kind": row.kind,
        "state": row.state,
        "effects": [
            {"field": field_of(each.label), "before": each.before, "after": each.after}
            for each in found.effects
        ],
        "waits_for": row.why.replace("-", "_") if is_open else None,
        "can": sorted(VERBS.get(verb, verb) for verb in found.verbs),
        "by": who,
        "attempts": row.attempts,
        "created_at": moment(row.created_at),
        "next_attempt_at": moment(row.next_attempt_at),
        "not_before": moment(row.not_before),
        "held_by": row.held_by,
        "sent_at": moment(row.sent_at),
        "finished_at": moment(row.finished_at),
        "last_error": row.last_error,
    }
