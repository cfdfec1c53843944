"""The rules of the house that admins set."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.auth.models import Operator, Rule
from webapp.auth.second_factor import FOR_ALL, for_all
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate

# Rules are found by name; the timeline asks for a number, of which there is one so far.
SUBJECT = Subject("rule", 1, "a second factor for everybody")
MEANWHILE = "Somebody changed this rule meanwhile. Look at it once more."
WORDS = {True: "required", False: "as each likes"}


def set_for_all(actor: Actor, *, on: bool, seen: bool) -> bool:
    """Whether everybody needs a second factor to sign in. ``False`` when that was so.

    Admins need one either way. ``seen`` is what the caller knows of. Raises ``TooLate`` when it was
    changed since.
    """
    before = _locked()
    if before != seen:
        raise TooLate(MEANWHILE)
    if before == on:
        return False
    try:
        with db.session.begin_nested():
            db.session.merge(Rule(name=FOR_ALL, value=on, changed_at=utc_now()))
    except IntegrityError:
        # Set for the first time by two at once.
        raise TooLate(MEANWHILE) from None
    audit.record(
        actor, "rule changed", SUBJECT, [FieldChange("second factor", WORDS[before], WORDS[on])]
    )
    db.session.flush()
    return True


def without_factor() -> int:
    """How many may sign in and have no second factor."""
    query = select(func.count(Operator.id)).where(Operator.active, Operator.totp_since.is_(None))
    return db.session.scalar(query) or 0


def _locked() -> bool:
    db.session.get(Rule, FOR_ALL, with_for_update=True, populate_existing=True)
    return for_all()
