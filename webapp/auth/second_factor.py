"""The second factor of an operator: whether it is asked for, setting it up, and checking a code.

A secret is a draft, locked in the page that shows it, until a code proves that an app has it. What
is changed here is written into the timeline by ``webapp.people.factor``.
"""

from typing import Literal

import structlog
from sqlalchemy import or_, update

from webapp.auth import recovery, sessions, throttle, totp
from webapp.auth.models import Operator, Rule
from webapp.core.clock import utc_now
from webapp.core.crypt import CannotOpen, decrypt, encrypt
from webapp.core.db import db
from webapp.core.errors import DomainError, TooLate

FOR_ALL = "second_factor_for_all"

log = structlog.get_logger()

Stage = Literal["none", "code", "enrol"]
Used = Literal["code", "recovery code"]


class WrongCode(DomainError):
    """Not the code, used before, or too many tries: the same words for all."""

    def __init__(self) -> None:
        super().__init__(
            "That code does not fit or was used before, or there were too many tries. "
            "Wait for the next code, or 15 minutes."
        )


class DraftDoesNotFit(DomainError):
    """The code does not belong to the secret that is being set up."""


def is_on(operator: Operator) -> bool:
    return operator.totp_secret is not None and operator.totp_since is not None


def is_required(operator: Operator) -> bool:
    """Whether this operator may not do without: admins never may."""
    return operator.role == "admin" or for_all()


def for_all() -> bool:
    """Whether the house asks everybody for a second factor."""
    rule = db.session.get(Rule, FOR_ALL)
    return rule is not None and rule.value is True


def stage(operator: Operator) -> Stage:
    """What has to happen between the right password and being signed in."""
    if is_on(operator):
        return "code"
    return "enrol" if is_required(operator) else "none"


def draft(operator: Operator) -> str:
    """A new secret, locked: to travel in the page that shows it. Nothing is saved."""
    return encrypt(totp.new_secret(), bound_to=_place(operator, "totp draft"))


def drafted(operator: Operator, locked: str) -> str:
    """The secret of a draft. Raises ``TooLate`` for what is no draft of this operator."""
    try:
        return decrypt(locked, bound_to=_place(operator, "totp draft"))
    except CannotOpen:
        raise TooLate("This page is no longer valid. Open it again.") from None


def step_of_draft(operator: Operator, locked: str, typed: str) -> int:
    """Proof that an app has the draft's secret. Raises ``DraftDoesNotFit`` and ``TooLate``."""
    secret, code = drafted(operator, locked), totp.plain(typed)
    step = totp.step_of(secret, code, utc_now()) if totp.is_code(code) else None
    if step is None:
        raise DraftDoesNotFit(_why_not(secret, code))
    return step


def enrol(operator: Operator, locked: str, typed: str) -> list[str]:
    """The draft counts from now on. Gives the recovery codes, to be shown this once.

    Raises ``DraftDoesNotFit`` for a code of another secret or time, and ``TooLate``.
    """
    step = step_of_draft(operator, locked, typed)
    secret = drafted(operator, locked)
    operator.totp_secret = encrypt(secret, bound_to=_place(operator, "totp"))
    operator.totp_since, operator.totp_last_step = utc_now(), step
    db.session.flush()
    return recovery.renew(operator.id)


def _why_not(secret: str, code: str) -> str:
    if not totp.is_code(code):
        return f"Type the {totp.DIGITS} digits that the app shows."
    off = totp.drift(secret, code, utc_now())
    if off is None:
        return "That is not the code of this secret. Wait for the next code and type that."
    minutes = max(1, round(abs(off).total_seconds() / 60))
    way = "ahead of" if off.total_seconds() > 0 else "behind"
    return (
        f"The clock of your phone is about {minutes} {'minute' if minutes == 1 else 'minutes'} "
        f"{way} ours, or you waited long. Set it to automatic, then type the next code. "
        f"Here it is {utc_now():%H:%M:%S} UTC."
    )


def check(operator: Operator, typed: str, address: str) -> Used:
    """Check a code of the app, or a recovery code: each is good once. Raises ``WrongCode``.

    Either way there is something to commit.
    """
    # One after the other: of many tries at one moment, each is counted before the next is checked.
    db.session.refresh(operator, with_for_update={"key_share": True})
    if throttle.is_blocked(operator.email, address, operator.id):
        raise WrongCode
    used = _fits(operator, typed)
    if used is None:
        throttle.count_failure(operator.email, address, operator.id)
        raise WrongCode
    throttle.forget_failures(operator.email, operator.id, address=address)
    return used


def _fits(operator: Operator, typed: str) -> Used | None:
    code = totp.plain(typed)
    if totp.is_code(code):
        return "code" if _is_next_code(operator, code) else None
    return "recovery code" if recovery.use(operator.id, code, utc_now()) else None


def _is_next_code(operator: Operator, code: str) -> bool:
    secret = _secret(operator)
    step = totp.step_of(secret, code, utc_now()) if secret else None
    if step is None:
        return False
    # Compared and set in one statement: of two requests with one code, one gets a row.
    query = (
        update(Operator)
        .where(
            Operator.id == operator.id,
            Operator.totp_since == operator.totp_since,
            or_(Operator.totp_last_step.is_(None), Operator.totp_last_step < step),
        )
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    taken = db.session.execute(query.returning(Operator.id)).first() is not None
    db.session.expire(operator, ["totp_last_step"])
    return taken


def _secret(operator: Operator) -> str | None:
    if operator.totp_secret is None or operator.totp_since is None:
        return None
    try:
        return decrypt(operator.totp_secret, bound_to=_place(operator, "totp"))
    except CannotOpen:
        # A recovery code still lets them in; an admin can reset what no key opens.
        log.exception("second_factor_not_opened", operator_id=operator.id)
        return None


def remove(operator: Operator) -> None:
    """No second factor any more, and no recovery codes."""
    operator.totp_secret = operator.totp_since = operator.totp_last_step = None
    recovery.discard(operator.id)
    db.session.flush()


def reset(operator: Operator) -> None:
    """For somebody who lost it: it is gone, and all their sessions end."""
    remove(operator)
    sessions.end_all(operator.id)


def _place(operator: Operator, what: str) -> str:
    return f"operator:{operator.id}:{what}"
