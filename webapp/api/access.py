"""Who may call the API: a bearer token with the scope, of somebody who may. Never a cookie."""

import structlog
from flask import current_app, g, request

from webapp.api import limits
from webapp.audit.service import Actor
from webapp.auth import queries
from webapp.auth.access import permission_of
from webapp.auth.models import ApiToken
from webapp.auth.permissions import PERMISSION_OF, Permission, Scope, role_may
from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.web.problems import Problem
from webapp.web.requests import READ_METHODS, current_request_id

ASK = {"WWW-Authenticate": "Bearer"}
# RFC 6750. What is the matter with the token is not told to whoever may have guessed it.
ASK_ANOTHER = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
SEND_ONE = "Send “Authorization: Bearer TOKEN”."
OPENS_NOTHING = (
    "The token that was sent does not open anything: it was mistyped, has expired, or was revoked "
    "or replaced."
)


def current_token() -> ApiToken:
    """The token of this request. It is read-only: no session knows it."""
    token: ApiToken = g.api_token
    return token


def actor() -> Actor:
    """Whom the timeline names: the token, and the operator whose it is."""
    token = current_token()
    return Actor(f"token {token.name}", "api", token.operator_id, current_request_id())


def check() -> None:
    """Take the request's token, and count the request. Raises ``Problem``.

    Without a token that opens, it counts for the network address it came from.
    """
    now, secret = utc_now(), _sent_token()
    found = _opened(secret) if secret else None
    if found:
        g.api_token, g.api_role = found
        who = {"token_id": found[0].id, "operator_id": found[0].operator_id}
        structlog.contextvars.bind_contextvars(**who)
        caller = limits.token_caller(found[0])
    else:
        limit = current_app.config["SETTINGS"].api_requests_without_token
        caller = limits.address_caller(request.remote_addr or "unknown", limit)
    g.api_standing = limits.count(caller, now)
    if g.api_standing.is_over:
        raise limits.too_many(g.api_standing)
    if found is None:
        words, headers = (OPENS_NOTHING, ASK_ANOTHER) if secret else (SEND_ONE, ASK)
        raise Problem("no_token", words, headers=headers)


def check_permission() -> None:
    """Raises ``Problem`` where the token, or whoever it belongs to, may not."""
    needed = permission_of(request.endpoint or "")
    if needed is None or not may(needed):
        scope = next((s for s, p in PERMISSION_OF.items() if p is needed), None)
        words = f"This needs the scope “{scope}”." if scope else "This is not for scripts."
        raise Problem("not_allowed", words)


def may(permission: Permission) -> bool:
    """Whether the token may do this, and its operator too, if it has one."""
    token = current_token()
    granted = {PERMISSION_OF[scope] for scope in Scope if scope in token.scopes.split()}
    if permission not in granted:
        return False
    return token.operator_id is None or role_may(g.api_role, permission)


def _opened(secret: str) -> tuple[ApiToken, str | None] | None:
    if request.method in READ_METHODS:
        return _looked_up(secret)
    # No transaction stays open: a writing one would keep everybody else from counting.
    with reading():
        found = _looked_up(secret)
        db.session.rollback()
    return found


def _looked_up(secret: str) -> tuple[ApiToken, str | None] | None:
    found = queries.live_token(secret, utc_now())
    if found:
        db.session.expunge(found[0])
    return found


def _sent_token() -> str:
    sent = request.authorization
    return (sent.token or "") if sent and sent.type == "bearer" else ""
