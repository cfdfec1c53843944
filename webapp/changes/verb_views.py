"""What is done to changes with one press. Their addresses are in ``webapp.changes.views``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.audit.service import Actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import outgoing
from webapp.campaigns.edit_views import back
from webapp.campaigns.models import CREATE, Change
from webapp.changes import queries
from webapp.core.db import transaction
from webapp.core.errors import DomainError, InvalidInput
from webapp.web.settings import zone

MOST_AT_ONCE = 200
MAX_ID_DIGITS = 9
LOCAL_TIME = "%Y-%m-%dT%H:%M"
UNREADABLE = "Write the moment as a date and a time, such as 2026-12-24 09:00."
ELSEWHERE = "On that day the clock is set forward, and this time does not exist."

Act = Callable[[Actor, Change], Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """One way to act on a change that waits, and what is said when it is done."""

    act: Act
    done: str
    heading: str


VERBS = {
    "hold": Verb(outgoing.hold, "On hold until someone releases it.", "Put on hold"),
    "release": Verb(outgoing.release, "Released; it is on its way to Megaphone.", "Released"),
    "cancel": Verb(
        outgoing.cancel,
        "Cancelled; Megaphone was not told. What both sides agreed on holds again.",
        "Cancelled",
    ),
}
BOOKING_CANCELLED = "Cancelled before it was sent: the booking is in the archive."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one row of a bulk went."""

    change_id: int
    title: str
    words: str
    is_done: bool


@requires(Permission.EDIT_CAMPAIGNS)
def hold(change_id: int) -> ResponseReturnValue:
    return _one("hold", change_id)


@requires(Permission.EDIT_CAMPAIGNS)
def release(change_id: int) -> ResponseReturnValue:
    return _one("release", change_id)


@requires(Permission.EDIT_CAMPAIGNS)
def cancel(change_id: int) -> ResponseReturnValue:
    return _one("cancel", change_id)


@requires(Permission.EDIT_CAMPAIGNS)
def find_out(change_id: int) -> ResponseReturnValue:
    words, is_done = _done(
        outgoing.find_out, change_id, "Megaphone is asked as soon as an answer can be relied on."
    )
    return _back_to(change_id, words, is_done=is_done)


@requires(Permission.EDIT_CAMPAIGNS)
def send_at(change_id: int) -> ResponseReturnValue:
    """Put the sending off to a moment; an empty field sends it as soon as it may be."""
    try:
        when = _moment(request.form.get("when", ""))
    except InvalidInput as problem:
        return _back_to(change_id, str(problem), is_done=False)
    said = "It will be sent at the time you set." if when else "It is sent when its turn comes."
    words, is_done = _done(
        lambda actor, change: outgoing.send_at(actor, change, when), change_id, said
    )
    return _back_to(change_id, words, is_done=is_done)


@requires(Permission.EDIT_CAMPAIGNS)
def bulk() -> ResponseReturnValue:
    """Do the same with each change that is ticked; each says how it went."""
    verb = VERBS.get(request.form.get("verb", ""))
    ids = [int(text) for text in _ticked() if _is_id(text)][:MOST_AT_ONCE]
    if verb is None or not ids:
        flash("Nothing was ticked.", "warn")
        return redirect(back() or url_for("changes.index"))
    titles = queries.titles_of(ids)
    outcomes = []
    for change_id in dict.fromkeys(ids):
        words, is_done = _done(verb.act, change_id, verb.done)
        outcomes.append(Outcome(change_id, titles.get(change_id, "–"), words, is_done))
    return render_template(
        "changes/bulk.html",
        heading=verb.heading,
        outcomes=outcomes,
        done=sum(outcome.is_done for outcome in outcomes),
        back=back(),
    )


def _ticked() -> list[str]:
    """The rows' boxes, or all rows of the page by the box in the table's head."""
    if "all" in request.form:
        return request.form.get("on_page", "").split()
    return request.form.getlist("change")


def _one(name: str, change_id: int) -> ResponseReturnValue:
    verb = VERBS[name]
    words, is_done = _done(verb.act, change_id, verb.done)
    return _back_to(change_id, words, is_done=is_done)


def _done(act: Act, change_id: int, done: str) -> tuple[str, bool]:
    """Do it in a transaction of its own; what to say, and whether it was done."""
    try:
        with transaction():
            change = queries.get_change(change_id)
            is_booking = change.kind == CREATE
            act(web_actor(), change)
    except DomainError as problem:
        return str(problem), False
    return BOOKING_CANCELLED if is_booking and act is outgoing.cancel else done, True


def _back_to(change_id: int, words: str, *, is_done: bool) -> ResponseReturnValue:
    flash(words, "ok" if is_done else "warn")
    target = back()
    if target and target.startswith(url_for("changes.index")):
        return redirect(f"{target}#ch-{change_id}")
    return redirect(target or url_for("changes.show", change_id=change_id))


def _moment(text: str) -> datetime | None:
    """What the field says, in the zone that pages are written in. Raises ``InvalidInput``."""
    if not text.strip():
        return None
    try:
        local = datetime.strptime(text.strip().replace(" ", "T")[:16], LOCAL_TIME).replace(
            tzinfo=zone()
        )
    except ValueError:
        raise InvalidInput({"when": UNREADABLE}) from None
    moment = local.astimezone(UTC)
    if moment.astimezone(zone()).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InvalidInput({"when": ELSEWHERE})
    return moment


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS


def tomorrow_morning(now: datetime) -> datetime:
    """What the field for a later moment offers: nine o'clock of the next day."""
    local = (now.astimezone(zone()) + timedelta(days=1)).replace(hour=9, minute=0)
    return local.astimezone(UTC)
