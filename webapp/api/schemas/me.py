"""Who a script is, as it may ask."""

from typing import Literal

from webapp.api.schemas.base import Answered, Moment

Scopes = Literal["read", "write", "sync", "admin"]


class Token(Answered):
    name: str
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None


class Operator(Answered):
    """Whose token it is. It may do no more than they may."""

    email: str
    role: str


class Limit(Answered):
    """So many requests in so many seconds; the headers of each answer say what is left."""

    requests: int
    window_seconds: int


class Me(Answered):
    """``scopes`` is what the token may do now: of its own, those that its operator's role has."""

    token: Token
    scopes: list[Scopes]
    operator: Operator | None
    limit: Limit
