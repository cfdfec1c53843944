"""Who may call the API: a bearer token with the scope, of somebody who may. Never a cookie."""

from flask import g, request

from webapp.audit.service import Actor
from webapp.auth import queries
from webapp.auth.access import permission_of
from webapp.auth.models import ApiToken
from webapp.auth.permissions import PERMISSION_OF, Permission, Scope, role_may
from webapp.core.clock import utc_now
from webapp.web.problems import Problem
from webapp.web.requests import current_request_id

ASK = {"WWW-Authenticate": "Bearer"}


def current_token() -> ApiToken:
    """The token of this request."""
    token: ApiToken = g.api_token
    return token


def actor() -> Actor:
    """Whom the timeline names: the token, and the operator whose it is."""
    token = current_token()
    return Actor(f"token {token.name}", "api", token.operator_id, current_request_id())


def check() -> None:
    """Take the request's token. Raises ``Problem`` where there is none that opens."""
    token = queries.live_token(_sent_token(), utc_now())
    if token is None:
        raise Problem("no_token", "Send “Authorization: Bearer TOKEN”.", headers=ASK)
    g.api_token = token


def check_permission() -> None:
    """Raises ``Problem`` where the token, or whoever it belongs to, may not."""
    needed = permission_of(request.endpoint or "")
    if needed is None or not may(needed):
        scope = next((s for s, p in PERMISSION_OF.items() if p is needed), None)
        words = f"This needs the scope “{scope}”." if scope else "This is not for scripts."
        raise Problem("not_allowed", words)


def may(permission: Permission) -> bool:
    """Whether the token may do this."""
    token = current_token()
    granted = {PERMISSION_OF[Scope(name)] for name in token.scopes.split()}
    if permission not in granted:
        return False
    if token.operator_id is None:
        return True
    operator = queries.get_operator(token.operator_id)
    return operator is not None and role_may(operator.role, permission)


def _sent_token() -> str:
    sent = request.authorization
    return (sent.token or "") if sent and sent.type == "bearer" else ""
