"""Operators, the API tokens of scripts, and the record of failed sign-ins."""

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, true
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime


class Operator(UserMixin, Model):
    """A person who signs in. ``role`` decides what they may do (``webapp.auth.permissions``).

    ``home_view`` is the saved view that their list of campaigns opens with; ``single_keys`` whether
    single keys are shortcuts for them.
    """

    __tablename__ = "operator"
    __table_args__ = (CheckConstraint("role IN ('manager', 'viewer')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    home_view: Mapped[str | None] = mapped_column(String(40))
    single_keys: Mapped[bool] = mapped_column(default=True, server_default=true())

    @property
    def is_active(self) -> bool:
        return self.active


Index("uq_operator_email", func.lower(Operator.email), unique=True)


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
