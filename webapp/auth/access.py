"""Closed by default: every view names the permission it needs, and nothing else is reachable.

A view on no list and without a permission answers 403 to everybody; a test walks all routes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp.auth import kept, sessions
from webapp.auth.forms import PasswordForm, SignInForm
from webapp.auth.models import Operator
from webapp.auth.permissions import Permission, role_may
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.web import errors, htmx

View = TypeVar("View", bound=Callable[..., Any])

# Reachable without signing in. The API checks tokens itself (webapp.api.access).
# The documentation of the API tells how the service works, and shows nothing of what it holds.
PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "auth.sign_in",
        # Open to whose password was right a moment ago.
        "auth.code",
        "auth.enrol",
        # Lead to the service that keeps accounts, and back.
        "oidc.start",
        "oidc.back",
        # Opens for whoever has an invitation's link.
        "people.join",
        "contact.security_txt",
        "ops.live",
        "ops.ready",
        # Looks by itself who asks: a token of its own, or this machine.
        "metrics.read",
        "docs.document",
        "docs.collection",
        "docs.explorer",
        "docs.read",
        "docs.errors",
        "docs.first_script",
    }
)
TOKEN_BLUEPRINTS = frozenset({"api"})
# A page says by this that it asks by itself, with nobody at the keyboard.
UNATTENDED = "X-Unattended"

log = structlog.get_logger()

_login = LoginManager()
_keeping: set[Callable[..., Any]] = set()
_dangerous: set[Callable[..., Any]] = set()


def init_app(app: Flask) -> None:
    # Its own context processor loads the operator for every template, the error pages' too.
    _login.init_app(app, add_context_processor=False)
    app.context_processor(lambda: {"current_user": current_user})
    _login.session_protection = None
    _login.user_loader(sessions.load)
    warns = int(sessions.WARN.total_seconds())
    app.context_processor(lambda: {"session_left": _seconds_left, "session_warns": warns})
    app.before_request(_check)
    app.after_request(partial(_see, app))
    app.register_error_handler(CSRFError, _form_of_another_session)


def requires(
    permission: Permission, *, keeps_typed: bool = False, fresh: bool = False
) -> Callable[[View], View]:
    """Mark a view with the permission it needs.

    ``keeps_typed``: its form can be drawn again as it was filled in (``web.forms.drawn_again``),
    so that a session that ends meanwhile costs nobody what they typed.
    ``fresh``: it is dangerous, and asks for the password when that was typed a while ago.
    """

    def mark(view: View) -> View:
        if keeps_typed:
            _keeping.add(view)
        if fresh:
            _dangerous.add(view)
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


def way_on(target: str) -> str:
    """Where to go after signing in: to what was wanted, unless that is only what a form gets."""
    is_wanted = is_safe_target(target) and _answers_get(urlsplit(target).path)
    return target if is_wanted else url_for("overview.index")


def _answers_get(path: str) -> bool:
    try:
        current_app.url_map.bind(request.host).match(path, "GET")
    except MethodNotAllowed:
        return False
    except HTTPException:
        # It is another address, or none: its own answer says so.
        return True
    return True


def _check() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC_ENDPOINTS:
        return None
    if request.blueprint in TOKEN_BLUEPRINTS:
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    structlog.contextvars.bind_contextvars(operator_id=operator().id)
    permission = permission_of(endpoint)
    if permission is None or not may(permission):
        abort(403)
    standing = sessions.standing()
    is_dangerous = current_app.view_functions[endpoint] in _dangerous
    if is_dangerous and standing and not standing.is_confirmed(utc_now()):
        return _ask_for_password()
    return None


def _seconds_left() -> int | None:
    """For pages: how long the session lasts from now on, if anybody is signed in."""
    standing = sessions.standing()
    return standing.left(utc_now()) if standing else None


def _see(app: Flask, response: Response) -> Response:
    """Write down that somebody is at work here: now and then, and when the answer is sent."""
    standing, now = sessions.standing(), utc_now()
    if standing and standing.is_due(now) and UNATTENDED not in request.headers:
        response.call_on_close(partial(_note_seen, app, standing.session_id))
    return response


def _note_seen(app: Flask, session_id: int) -> None:
    try:
        with app.app_context(), transaction():
            sessions.see(session_id, utc_now())
    except DBAPIError:
        # Nobody loses more than this one minute; the next request tries again.
        log.warning("session_not_seen", session_id=session_id, exc_info=True)


def _ask_for_password() -> ResponseReturnValue:
    """Before something dangerous. What was typed goes along; what was not typed is not done."""
    is_page = request.method == "GET" and not htmx.wants_fragment()
    address = request.full_path.rstrip("?") if is_page else _page_shown()
    typed = _typed()
    url = url_for("auth.confirm", next=typed.address if typed else address)
    if htmx.wants_fragment():
        return htmx.send_to(url)
    if typed is None:
        if request.method != "GET":
            flash("Nothing was done yet: type your password, then do it again.", "warn")
        return redirect(url)
    form = PasswordForm(formdata=None)
    page = render_template("auth/confirm.html", form=form, action=url, kept=typed.signed())
    return page, 401


def _page_shown() -> str | None:
    """The page from which a request was sent, if it is one of ours and can be shown again."""
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    # Some pages are only what a form that was sent is answered with.
    routes = current_app.url_map.bind(request.host)
    if parts.netloc != request.host or not routes.test(parts.path, "GET"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _ask_to_sign_in() -> ResponseReturnValue:
    url = url_for("auth.sign_in", next=_page_asked())
    if htmx.wants_fragment():
        return htmx.send_to(url)
    typed = _typed()
    if typed is None:
        if request.method != "GET":
            flash("Your session had ended. Nothing was done: sign in, then do it again.", "warn")
        return redirect(url)
    page = render_template(
        "auth/sign_in.html",
        form=SignInForm(formdata=None),
        action=url_for("auth.sign_in", next=typed.address),
        kept=typed.signed(),
    )
    return page, 401


def _page_asked() -> str | None:
    """What is shown after signing in. What was to be changed is not done unseen."""
    shown = _page_shown() if htmx.wants_fragment() else None
    if request.method != "GET":
        return shown
    address = request.full_path.rstrip("?")
    # A list that is filtered asks for its own address; anything else is a part of the page shown.
    return address if shown is None or urlsplit(shown).path == request.path else shown


def _form_of_another_session(error: CSRFError) -> ResponseReturnValue:
    """A form that was opened before its operator signed in anew, perhaps in another window."""
    typed = _typed()
    if typed is None or not current_user.is_authenticated:
        return errors.form_is_no_longer_valid(error)
    return render_template("auth/go_on.html", kept=typed, again="session"), 400


def _typed() -> kept.Kept | None:
    view = current_app.view_functions.get(request.endpoint or "")
    return kept.sent() if view in _keeping else None
