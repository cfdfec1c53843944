"""Operators, the API tokens of scripts, and the record of failed sign-ins."""

from datetime import datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Model, UtcDateTime

ROLE_NAMES = ("viewer", "operator", "manager", "admin")


class Operator(UserMixin, Model):
    """A person who signs in. ``role`` decides what they may do (``webapp.auth.permissions``).

    ``home_view`` is the saved view that their list of campaigns opens with; ``single_keys`` whether
    single keys are shortcuts for them. ``totp_secret`` is the second factor, encrypted; it counts
    from ``totp_since`` on, and no step of it twice.
    """

    __tablename__ = "operator"
    __table_args__ = (CheckConstraint(f"role IN {ROLE_NAMES}", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    home_view: Mapped[str | None] = mapped_column(String(40))
    single_keys: Mapped[bool] = mapped_column(default=True, server_default=true())
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_secret: Mapped[str | None] = mapped_column(String(200))
    totp_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    oidc_subject: Mapped[str | None] = mapped_column(String(255), unique=True)

    @property
    def is_active(self) -> bool:
        return self.active


Index("uq_operator_email", func.lower(Operator.email), unique=True)


class OperatorSession(Model):
    """One browser that is signed in; only a digest of its id is kept.

    ``confirmed_at`` is when the password was last typed in it.
    """

    __tablename__ = "operator_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))

    operator: Mapped[Operator] = relationship()


Index("ix_operator_session_operator", OperatorSession.operator_id, OperatorSession.id)


class RecoveryCode(Model):
    """Stands in once for a second factor that was lost."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("operator_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Model):
    """A link by which one person may join, once. Without ``email``: whoever sets this up."""

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint(f"role IN {ROLE_NAMES}", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Rule(Model):
    """One setting of the house that an admin changes in a page."""

    __tablename__ = "rule"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Model):
    """A script's key. Only a digest is kept; the token itself is shown once, when made.

    ``scopes`` are names of :class:`webapp.auth.permissions.Scope`, separated by blanks; of somebody
    with a role, the token may no more than they may. ``per_window`` is how many requests it may
    make in 15 minutes. Rotated, it also opens by its ``previous_digest`` until ``previous_until``.
    """

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(40))
    per_window: Mapped[int]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    previous_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def mark(self) -> str:
        """Tells one secret from the next, and says nothing about either."""
        return self.digest[:12]

    def state(self, now: datetime) -> str:
        """``live``, ``expired`` or ``revoked``."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "live"

    def overlaps(self, now: datetime) -> bool:
        """Whether the secret before this one still opens it."""
        return self.previous_until is not None and self.previous_until > now


class SignInThrottle(Model):
    """Failed sign-ins of one e-mail address or one network address (kept as a digest)."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
