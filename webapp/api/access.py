"""Who may call the API: a bearer token whose role has the permission. Never a cookie."""

from flask import Blueprint, Response, abort, make_response, request

from webapp.auth import queries
from webapp.auth.access import permission_of
from webapp.auth.permissions import role_may
from webapp.web.errors import WORDS, answer


def protect(blueprint: Blueprint) -> None:
    """Let nothing in this blueprint be reached without a token that may."""
    blueprint.before_request(_check)


def _check() -> Response | None:
    token = queries.live_token(_sent_token())
    if token is None:
        response = make_response(answer(401, WORDS[401]))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    permission = permission_of(request.endpoint or "")
    if permission is None or not role_may(token.role, permission):
        abort(403)
    return None


def _sent_token() -> str:
    sent = request.authorization
    return (sent.token or "") if sent and sent.type == "bearer" else ""
