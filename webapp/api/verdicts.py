"""What the ad server made of a change: waited for, and answered."""

from dataclasses import dataclass
from uuid import UUID

from flask import Response, jsonify, url_for
from sqlalchemy import select

from webapp.api import campaigns, waiting
from webapp.api.serialize import Json
from webapp.campaigns import queries, said
from webapp.campaigns.models import (
    APPLIED,
    IN_FLIGHT,
    READY,
    REJECTED,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.web.problems import Problem

PATIENCE_SECONDS = 5
HEADERS = frozenset({"ETag", "Location", "Preference-Applied"})
NO_REASON = "The ad server refused it and gave no reason."


@dataclass(frozen=True, slots=True)
class Written:
    """What was done to a campaign. ``done`` is the status of the answer once it is confirmed."""

    uuid: str
    key: UUID
    done: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered. ``refusal`` has the ad server's words where it refused."""

    status: int
    answer: Json
    etag: str
    refusal: str | None = None


def settle(written: Written) -> Response:
    """Wait as long as the script wants to, and answer. Raises ``Problem`` for a refusal.

    Nothing may be under way in the session: call it after the commit.
    """
    found = waiting.wait_as_asked(lambda: _outcome(written, is_patient=True), PATIENCE_SECONDS)
    if found is None:
        found = waiting.wait_until(lambda: _outcome(written, is_patient=False), 0)
    if found is None:
        raise Problem("unavailable")
    if found.refusal is not None:
        place = {"Location": url_for("api.get_campaign", uuid=written.uuid)}
        sync = found.answer["sync"]
        raise Problem("refused", found.refusal, headers=place, campaign_id=written.uuid, sync=sync)
    return respond(found, written.uuid)


def at_once(written: Written) -> Outcome:
    """The same without waiting, in the transaction that is under way."""
    db.session.flush()
    return _made(_change(written), written)


def as_it_is(uuid: str) -> Outcome:
    """The same where the ad server has no say in it."""
    db.session.flush()
    return Outcome(200, *campaigns.read(uuid))


def respond(outcome: Outcome, uuid: str) -> Response:
    response = jsonify(outcome.answer)
    response.status_code = outcome.status
    response.set_etag(outcome.etag)
    if outcome.status == 201:
        response.headers["Location"] = url_for("api.get_campaign", uuid=uuid)
    elif outcome.status == 202:
        response.headers["Location"] = url_for("api.get_sync_status", uuid=uuid)
    return response


def _outcome(written: Written, *, is_patient: bool) -> Outcome | None:
    change = _change(written)
    if is_patient and change is not None and _is_moving(change):
        return None
    return _made(change, written)


def _made(change: Change | None, written: Written) -> Outcome:
    answer, etag = campaigns.read(written.uuid)
    if change is not None and change.state == REJECTED:
        return Outcome(422, answer, etag, change.last_error or NO_REASON)
    # Without a change there was nothing that the ad server has to be told.
    is_done = change is None or change.state == APPLIED
    return Outcome(written.done if is_done else 202, answer, etag)


def _change(written: Written) -> Change | None:
    """The change that this made, or the one that has taken its place."""
    change = queries.change_by_key(written.key)
    if change is None or change.state != SUPERSEDED:
        return change
    newest = select(Change).where(Change.campaign_id == change.campaign_id)
    return db.session.scalars(newest.order_by(Change.id.desc()).limit(1)).one()


def _is_moving(change: Change) -> bool:
    """Whether more will come of it soon, without anybody doing something about it."""
    if change.state in IN_FLIGHT:
        return True
    if change.state != READY or (change.not_before and change.not_before > utc_now()):
        return False
    campaign = db.session.get_one(Campaign, change.campaign_id)
    return said.stop_of(campaign) is None
