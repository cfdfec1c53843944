"""Closed by default: every view names the permission it needs, and nothing else is reachable.

A view on no list and without a permission answers 403 to everybody; a test walks all routes.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from werkzeug.wrappers import Response

from webapp.auth import queries
from webapp.auth.models import Operator
from webapp.auth.permissions import Permission, role_may
from webapp.web import htmx

View = TypeVar("View", bound=Callable[..., Any])

# Reachable without signing in. The API checks tokens itself (webapp.api.access).
PUBLIC_ENDPOINTS = frozenset({"static", "auth.sign_in", "ops.healthy"})
TOKEN_BLUEPRINTS = frozenset({"api"})

_login = LoginManager()


def init_app(app: Flask) -> None:
    # Its own context processor loads the operator for every template, the error pages' too.
    _login.init_app(app, add_context_processor=False)
    app.context_processor(lambda: {"current_user": current_user})
    _login.session_protection = None
    _login.user_loader(queries.operator_by_session_id)
    app.before_request(_check)


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission it needs."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def permission_of(endpoint: str) -> Permission | None:
    view = current_app.view_functions[endpoint]
    return cast("Permission | None", getattr(view, "permission", None))


def operator() -> Operator:
    """Who is signed in. Only for views: services take the actor as an argument."""
    return cast("Operator", current_user._get_current_object())  # noqa: SLF001


def may(permission: Permission) -> bool:
    """Whether the signed-in operator may do this: for pages that hide what cannot be used."""
    return bool(current_user.is_authenticated) and role_may(operator().role, permission)


def is_safe_target(target: str) -> bool:
    """Whether a redirect after sign-in stays here: a path of ours, never another host."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()


def _check() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC_ENDPOINTS:
        return None
    if request.blueprint in TOKEN_BLUEPRINTS:
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    permission = permission_of(endpoint)
    if permission is None or not may(permission):
        abort(403)
    return None


def _ask_to_sign_in() -> Response:
    # After signing in, a page is shown again; what was to be changed is not done unseen.
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    url = url_for("auth.sign_in", next=target)
    return htmx.send_to(url) if htmx.wants_fragment() else redirect(url)
