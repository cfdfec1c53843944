"""Tokens with their entries in the timeline: what pages and commands call."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from webapp.audit import queries as audit_queries
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.auth import tokens
from webapp.auth.models import ApiToken, Operator
from webapp.auth.tokens import OVERLAP, REQUESTS_PER_WINDOW, Made
from webapp.core.clock import utc_now

NEVER = "never"
OBJECT, MADE, ROTATED = "api token", "made token", "rotated token"
MINUTE = timedelta(minutes=1)
# Far enough for all who do not say never, and far from the end of the calendar.
LATEST = datetime(2999, 12, 31, tzinfo=UTC)


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
    audit.record(actor, MADE, _subject(made.token), changes)
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
    audit.record(actor, ROTATED, _subject(made.token), changes, reason=works)
    return made


def as_long_again(token: ApiToken) -> datetime | None:
    """When a secret made now ends, if it is good for as long as the present one was; ``None`` is
    never."""
    if token.expires_at is None:
        return None
    # Its timeline knows when the present secret was made; its row only when the first one was.
    made = [audit_queries.latest_action(OBJECT, token.id, each) for each in (MADE, ROTATED)]
    begun = max((event.at for event in made if event), default=token.created_at)
    minutes = round((token.expires_at - begun) / MINUTE)
    now = utc_now()
    return now + min(minutes * MINUTE, LATEST - now)


def revoke(actor: Actor, token: ApiToken) -> None:
    """End it. Revoked twice, it keeps the first time."""
    if tokens.revoke(token):
        audit.record(actor, "revoked token", _subject(token))


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else NEVER


def _subject(token: ApiToken) -> Subject:
    return Subject(OBJECT, token.id, token.name)
