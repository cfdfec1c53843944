"""Invitations: a link by which one person joins, once, with a password of their own.

Its secret is returned once, by what made it; only a digest of it is kept.
"""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.auth import emails, passwords
from webapp.auth import queries as auth_queries
from webapp.auth.models import Invitation, Operator
from webapp.auth.permissions import ROLES
from webapp.auth.queries import token_digest
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput, TooLate
from webapp.people import queries
from webapp.people.admins import hold
from webapp.people.record import WHOEVER, of_invitation, of_person

# As our tokens begin: what the logs mask of those, they mask of these.
PREFIX = "fdk_join_"
LIFETIME = timedelta(days=7)
FIRST_ADMIN_LIFETIME = timedelta(hours=1)


class NotOpen(DomainError):
    """No invitation opens by this: used, withdrawn, over, or never made. The same words for all."""

    def __init__(self) -> None:
        super().__init__("This invitation is not open any more.")


def invite(actor: Actor, email: str, role: str) -> tuple[Invitation, str]:
    """Invite somebody; returns the invitation and its secret. One that is open is replaced.

    Raises ``InvalidInput`` for an address that is wrong or of somebody who is here, and for no
    role; ``Refused`` when the actor may not, any more.
    """
    if role not in ROLES:
        raise InvalidInput({"role": f"A role is one of {', '.join(ROLES)}."})
    hold(actor)
    email = emails.normal(email)
    here = auth_queries.operator_by_email(email)
    if here:
        more = "" if here.active else " They are switched off: switch them on instead."
        raise InvalidInput({"email": f"{email} has an account already.{more}"})
    for open_one in queries.locked_open(email, utc_now()):
        _withdraw(actor, open_one)
    return _made(actor, email, role, LIFETIME)


def invite_first_admin(actor: Actor) -> tuple[Invitation, str]:
    """Invite whoever gets the link as admin. Raises ``TooLate`` while there is an active one."""
    if queries.admin_emails():
        raise TooLate(f"There is an admin already: {', '.join(queries.admin_emails())}.")
    for open_one in queries.locked_open(None, utc_now()):
        _withdraw(actor, open_one)
    return _made(actor, None, "admin", FIRST_ADMIN_LIFETIME)


def withdraw(actor: Actor, invitation: Invitation) -> None:
    """Its link opens nothing any more. Raises ``TooLate`` when it did not anyway."""
    db.session.refresh(invitation, with_for_update=True)
    if not is_open(invitation):
        raise TooLate(f"The invitation of {invitation.email or WHOEVER} is not open any more.")
    _withdraw(actor, invitation)


def withdraw_all_of(actor: Actor, operator: Operator) -> None:
    """Whoever may not invite any more has invited nobody."""
    for open_one in queries.locked_open_by(operator.id, utc_now()):
        _withdraw(actor, open_one)


def withdraw_all(actor: Actor) -> int:
    """No link opens anything any more. How many did."""
    found = queries.locked_all_open(utc_now())
    for open_one in found:
        _withdraw(actor, open_one)
    return len(found)


def accept(secret: str, email: str | None, password: str, *, request_id: str) -> Operator:
    """Make the account that an invitation is for; the first one to ask gets it.

    ``email`` counts where the invitation names none. Raises ``NotOpen`` and ``InvalidInput``.
    """
    invitation = find_open(secret)
    email = emails.normal(invitation.email or email or "")
    problem = passwords.problem(password, email=email)
    if problem:
        raise InvalidInput({"password": problem})
    # Hashing takes long on purpose: not while holding the database.
    db.session.rollback()
    digest = passwords.hash_of(password)
    invitation = find_open(secret, locked=True)
    operator = _added(email, digest, invitation.role)
    invitation.used_at = operator.created_at
    actor = Actor(email, "web", operator_id=operator.id, request_id=request_id)
    audit.record(actor, "joined", of_person(operator), _terms(invitation))
    db.session.flush()
    return operator


def find_open(secret: str, *, locked: bool = False) -> Invitation:
    """The invitation that opens by this. Raises ``NotOpen``."""
    query = select(Invitation).where(Invitation.digest == token_digest(secret))
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalars(query).one_or_none()
    if found is None or not is_open(found):
        raise NotOpen
    return found


def is_open(invitation: Invitation) -> bool:
    """Whether its link still lets somebody in."""
    if invitation.used_at or invitation.withdrawn_at or invitation.expires_at <= utc_now():
        return False
    # The link for the first admin was printed at a shell for whoever is there.
    return invitation.email is not None or not queries.admin_emails()


def _added(email: str, digest: str, role: str) -> Operator:
    now = utc_now()
    operator = Operator(
        email=email, password_hash=digest, role=role, created_at=now, password_set_at=now
    )
    try:
        with db.session.begin_nested():
            db.session.add(operator)
    except IntegrityError:
        raise InvalidInput({"email": f"{email} has an account already."}) from None
    return operator


def _made(
    actor: Actor, email: str | None, role: str, lifetime: timedelta
) -> tuple[Invitation, str]:
    secret, now = PREFIX + secrets.token_urlsafe(32), utc_now()
    invitation = Invitation(
        digest=token_digest(secret),
        email=email,
        role=role,
        invited_by_id=actor.operator_id,
        created_at=now,
        expires_at=now + lifetime,
    )
    db.session.add(invitation)
    db.session.flush()
    audit.record(actor, "invited", of_invitation(invitation), [FieldChange("role", None, role)])
    return invitation, secret


def _withdraw(actor: Actor, invitation: Invitation) -> None:
    invitation.withdrawn_at = utc_now()
    audit.record(actor, "invitation withdrawn", of_invitation(invitation))
    db.session.flush()


def _terms(invitation: Invitation) -> list[FieldChange]:
    by = auth_queries.emails_of([invitation.invited_by_id]).get(invitation.invited_by_id or 0)
    found = [FieldChange("role", None, invitation.role)]
    return [*found, FieldChange("invited by", None, by)] if by else found
