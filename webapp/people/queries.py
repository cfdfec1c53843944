"""Reading people, their sessions and tokens, and open invitations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select, true

from webapp.auth import queries as auth_queries
from webapp.auth.models import ApiToken, Invitation, Operator
from webapp.auth.permissions import ROLES, Permission, role_may
from webapp.core.db import db
from webapp.core.errors import NotFound

ADMINISTERING = tuple(role for role in ROLES if role_may(role, Permission.ADMINISTER))


def get_person(person_id: int) -> Operator:
    """Raises ``NotFound``."""
    person = auth_queries.get_operator(person_id)
    if person is None:
        raise NotFound("There is no such person.")
    return person


def person_with(email: str) -> Operator:
    """Raises ``NotFound``."""
    person = auth_queries.operator_by_email(email)
    if person is None:
        raise NotFound(f"There is no operator with the e-mail address {email}.")
    return person


def admin_emails() -> Sequence[str]:
    """Who may administer and sign in."""
    return [each.email for each in db.session.scalars(_admins())]


def locked_admins() -> Sequence[Operator]:
    """The same people; it stays so until the transaction ends."""
    fresh = _admins().execution_options(populate_existing=True)
    return db.session.scalars(fresh.with_for_update(key_share=True)).all()


def live_tokens(person_id: int, now: datetime) -> Sequence[ApiToken]:
    """Tokens of one person that open something, or did until they were switched off."""
    tokens = [token for token, _ in auth_queries.list_tokens(person_id)]
    return [token for token in tokens if token.state(now) == "live"]


def get_invitation(invitation_id: int) -> Invitation:
    """Raises ``NotFound``."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotFound("There is no such invitation.")
    return invitation


def open_invitations(now: datetime) -> Sequence[tuple[Invitation, str | None]]:
    """Newest first, each with the e-mail of who invited."""
    query = (
        select(Invitation, Operator.email)
        .outerjoin(Operator, Invitation.invited_by_id == Operator.id)
        .where(*_open(now))
        .order_by(Invitation.id.desc())
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def locked_open(email: str | None, now: datetime) -> Sequence[Invitation]:
    """Open invitations of one address, or those that name none, held fast."""
    return _locked(Invitation.email == email if email else Invitation.email.is_(None), now)


def locked_open_by(person_id: int, now: datetime) -> Sequence[Invitation]:
    """Open invitations that somebody made, held fast."""
    return _locked(Invitation.invited_by_id == person_id, now)


def locked_all_open(now: datetime) -> Sequence[Invitation]:
    """All open invitations, held fast."""
    return _locked(true(), now)


def _admins() -> Select[Operator]:
    query = select(Operator).where(Operator.role.in_(ADMINISTERING), Operator.active)
    return query.order_by(Operator.id)


def _locked(condition: ColumnElement[bool], now: datetime) -> Sequence[Invitation]:
    query = select(Invitation).where(condition, *_open(now)).order_by(Invitation.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(fresh).all()


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_left = Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None)
    return (*is_left, Invitation.expires_at > now)
