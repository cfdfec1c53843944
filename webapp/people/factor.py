"""What happens to somebody's second factor, written into the timeline; their other sessions end.

The entries say who did what to whom. Neither a secret nor a code is part of them.
"""

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.auth import recovery, second_factor, sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.auth.second_factor import Used
from webapp.core.db import db
from webapp.core.errors import TooLate
from webapp.people.record import of_person


class StillRequired(TooLate):
    """It cannot be switched off by somebody who may not do without."""

    def __init__(self) -> None:
        super().__init__("You cannot do without a second factor: your role or a rule asks for it.")


def set_up(
    actor: Actor,
    operator: Operator,
    draft: str,
    typed: str,
    *,
    but: OperatorSession | None = None,
) -> list[str]:
    """The first second factor of somebody. Gives the recovery codes, to be shown this once.

    ``but`` is the one session that goes on. Raises ``DraftDoesNotFit``, and ``TooLate`` when one
    was set up meanwhile.
    """
    _lock(operator)
    if second_factor.is_on(operator):
        raise TooLate("A second factor was set up meanwhile.")
    codes = second_factor.enrol(operator, draft, typed)
    _told(actor, "second factor on", operator, but)
    return codes


def replace(
    actor: Actor,
    operator: Operator,
    draft: str,
    typed: str,
    current: str,
    address: str,
    *,
    but: OperatorSession | None = None,
) -> list[str]:
    """Another app in place of the one before, of which ``current`` is a code.

    Raises ``DraftDoesNotFit`` and ``WrongCode``, after which there is something to commit.
    """
    _lock(operator)
    # Looked at first: a code of the old app is good once, and not to be lost to a slip.
    second_factor.step_of_draft(operator, draft, typed)
    second_factor.check(operator, current, address)
    codes = second_factor.enrol(operator, draft, typed)
    _told(actor, "second factor replaced", operator, but)
    return codes


def renew_codes(
    actor: Actor, operator: Operator, typed: str, address: str, *, but: OperatorSession
) -> list[str]:
    """New recovery codes in place of the old ones. Raises ``WrongCode``."""
    _lock(operator)
    second_factor.check(operator, typed, address)
    codes = recovery.renew(operator.id)
    _told(actor, "recovery codes made", operator, but)
    return codes


def switch_off(
    actor: Actor, operator: Operator, typed: str, address: str, *, but: OperatorSession
) -> None:
    """Somebody does without from now on. Raises ``WrongCode`` and ``StillRequired``."""
    _lock(operator)
    if second_factor.is_required(operator):
        raise StillRequired
    second_factor.check(operator, typed, address)
    second_factor.remove(operator)
    _told(actor, "second factor off", operator, but)


def reset(actor: Actor, operator: Operator) -> bool:
    """An admin's help for who lost phone and codes. ``False`` when there was nothing to reset.

    All sessions of that person end; where a second factor is required, the next sign-in asks to
    set one up.
    """
    _lock(operator)
    if not second_factor.is_on(operator):
        return False
    second_factor.reset(operator)
    audit.record(actor, "second factor reset", of_person(operator))
    return True


def check(actor: Actor, operator: Operator, typed: str, address: str) -> Used:
    """The code of a sign-in; a recovery code used up is written down. Raises ``WrongCode``."""
    used = second_factor.check(operator, typed, address)
    if used == "recovery code":
        audit.record(actor, "recovery code used", of_person(operator))
    return used


def _lock(operator: Operator) -> None:
    db.session.refresh(operator, with_for_update={"key_share": True})


def _told(actor: Actor, action: str, operator: Operator, but: OperatorSession | None) -> None:
    audit.record(actor, action, of_person(operator))
    sessions.end_all(operator.id, but=but)
