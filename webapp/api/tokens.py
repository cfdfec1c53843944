"""Tokens with their entries in the timeline: what pages and commands call."""

from collections.abc import Collection
from datetime import datetime, timedelta

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.auth import tokens
from webapp.auth.models import ApiToken, Operator
from webapp.auth.tokens import OVERLAP, REQUESTS_PER_WINDOW, Made

NEVER = "never"


def create(
    actor: Actor,
    name: str,
    scopes: Collection[str],
    *,
    operator: Operator | None = None,
    expires_at: datetime | None = None,
    per_window: int = REQUESTS_PER_WINDOW,
) -> Made:
    """Make a token: see :func:`webapp.auth.tokens.create`."""
    made = tokens.create(
        name, scopes, operator=operator, expires_at=expires_at, per_window=per_window
    )
    changes = (
        FieldChange("may", None, made.token.scopes.replace(" ", ", ")),
        FieldChange("expires", None, _day(expires_at)),
        FieldChange("requests in 15 minutes", None, f"{per_window:,}"),
    )
    audit.record(actor, "made token", _subject(made.token), changes)
    return made


def rotate(
    actor: Actor,
    token: ApiToken,
    drawn: str,
    *,
    overlap: timedelta = OVERLAP,
    expires_at: datetime | None = None,
) -> Made:
    """Give it a new secret: see :func:`webapp.auth.tokens.rotate`."""
    before = _day(token.expires_at)
    made = tokens.rotate(token, drawn, overlap=overlap, expires_at=expires_at)
    until = made.token.previous_until
    works = f"The old secret works until {until:%Y-%m-%d %H:%M} UTC." if until else None
    changes = (FieldChange("expires", before, _day(expires_at)),)
    audit.record(actor, "rotated token", _subject(made.token), changes, reason=works)
    return made


def revoke(actor: Actor, token: ApiToken) -> None:
    """End it. Revoked twice, it keeps the first time."""
    if tokens.revoke(token):
        audit.record(actor, "revoked token", _subject(token))


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else NEVER


def _subject(token: ApiToken) -> Subject:
    return Subject("api token", token.id, token.name)
