"""What an admin decides about a person: their role, whether they may sign in, their sessions.

Each ends all sessions of that person and is recorded. Whoever takes away the right to administer
waits for all others who do, so that somebody always has it.
"""

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.auth import sessions
from webapp.auth.models import Operator
from webapp.auth.permissions import ROLES
from webapp.core.db import db
from webapp.core.errors import InvalidInput, TooLate
from webapp.people import invitations, queries
from webapp.people.admins import Refused, hold
from webapp.people.record import of_person
from webapp.people.words import standing


def set_role(actor: Actor, operator: Operator, role: str, *, seen: str) -> bool:
    """Give somebody another role. ``False`` when they have it already.

    ``seen`` is the standing that the caller knows of. Raises ``InvalidInput`` for no role,
    ``TooLate`` when something changed since, and ``Refused``.
    """
    if role not in ROLES:
        raise InvalidInput({"role": f"A role is one of {', '.join(ROLES)}."})
    _take(actor, operator, seen, goes=role not in queries.ADMINISTERING)
    before = operator.role
    if role == before:
        return False
    operator.role = role
    audit.record(actor, "role changed", of_person(operator), [FieldChange("role", before, role)])
    _end(actor, operator)
    return True


def switch_off(actor: Actor, operator: Operator, *, seen: str) -> bool:
    """Let somebody in no more. ``False`` when that was so. Raises as :func:`set_role` does."""
    _take(actor, operator, seen, goes=True)
    return _switch(actor, operator, on=False)


def switch_on(actor: Actor, operator: Operator, *, seen: str) -> bool:
    """Let somebody in again, as what they were. ``False`` when that was so."""
    _take(actor, operator, seen, goes=False)
    return _switch(actor, operator, on=True)


def end_sessions(actor: Actor, operator: Operator) -> int:
    """Have somebody sign in anew everywhere. Returns how many sessions were live."""
    hold(actor)
    live = len(sessions.list_of(operator.id))
    sessions.end_all(operator.id)
    if live:
        audit.record(actor, "sessions ended", of_person(operator))
    return live


def _switch(actor: Actor, operator: Operator, *, on: bool) -> bool:
    if operator.active == on:
        return False
    operator.active = on
    audit.record(actor, "switched on" if on else "switched off", of_person(operator))
    _end(actor, operator)
    return True


def _end(actor: Actor, operator: Operator) -> None:
    """What was begun with the rights from before is over."""
    sessions.end_all(operator.id)
    if not (operator.active and operator.role in queries.ADMINISTERING):
        invitations.withdraw_all_of(actor, operator)
    db.session.flush()


def _take(actor: Actor, operator: Operator, seen: str, *, goes: bool) -> None:
    """Lock whom it is about, and all who may administer; refuse what may not be done.

    ``goes``: afterwards this person administers no more.
    """
    admins = hold(actor)
    db.session.refresh(operator, with_for_update={"key_share": True})
    if standing(operator) != seen:
        raise TooLate(f"Somebody changed {operator.email} meanwhile: {_told(operator)}.")
    if not goes or operator.id not in admins:
        return
    if operator.id == actor.operator_id:
        raise Refused("You cannot take your own right to administer. Another admin can.")
    if len(admins) == 1:
        raise Refused(f"Nobody but {operator.email} may administer. Make somebody an admin first.")


def _told(operator: Operator) -> str:
    return f"{operator.role}, {'may sign in' if operator.active else 'switched off'}"
