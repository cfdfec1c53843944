"""To the service that keeps people's accounts, and back from it with somebody signed in there.

Setting out takes a press here: else a foreign page could sign somebody in unseen. The way back is
an address that a browser is sent to, a plain GET, believed only in the browser that set out.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.auth import oidc, oidc_provider, signing_in
from webapp.auth.access import way_on
from webapp.auth.oidc import NobodyHere, NotBelieved
from webapp.auth.oidc_provider import Client, ProviderFailed
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.places import Places
from webapp.people import linking
from webapp.web.requests import stop_reading
from webapp.web.settings import base_url

ATTEMPT = "oidc"
# Of a process's threads, one in so many may wait for the service: anybody can have it asked.
SHARE = 2

_places = Places()

blueprint = Blueprint("oidc", __name__, url_prefix="/sign-in/with")


@blueprint.post("")
def start() -> ResponseReturnValue:
    """Send the browser to the service."""
    client = _client()
    attempt = oidc.new_attempt(way_on(request.form.get("next", "")))
    if current_user.is_authenticated:
        return redirect(attempt.target)
    # Nothing is held in the database while the service is asked.
    db.session.rollback()
    try:
        with _place():
            address = oidc.address_of(client, attempt, _way_back())
    except ProviderFailed as problem:
        return _not_in(str(problem), attempt.target)
    session[ATTEMPT] = attempt.kept()
    return render_template("auth/leave.html", address=address)


@blueprint.get("/back")
def back() -> ResponseReturnValue:
    """Whoever comes back: check what they bring, and go on with signing in."""
    client, attempt = _client(), oidc.read_attempt(session.get(ATTEMPT))
    target = attempt.target if attempt else url_for("overview.index")
    db.session.rollback()
    try:
        with _place():
            session.pop(ATTEMPT, None)
            account = oidc.account(client, attempt, request.args, _way_back())
        stop_reading()
        with transaction():
            operator = linking.operator_of(account)
    except (ProviderFailed, NotBelieved, NobodyHere) as problem:
        return _not_in(str(problem), target)
    return signing_in.begin(operator, target, None, how="elsewhere")


@contextmanager
def _place() -> Iterator[None]:
    """One of the few places to wait for the service in. Where there is none, that is the answer."""
    with _places.taken(max(1, _settings().web_threads // SHARE)) as has_place:
        if not has_place:
            abort(503)
        yield


def _not_in(words: str, target: str) -> ResponseReturnValue:
    flash(words, "bad")
    return redirect(url_for("auth.sign_in", next=target))


def _client() -> Client:
    return oidc_provider.client_of(_settings()) or abort(404)


def _way_back() -> str:
    """The address that the service sends browsers to, as it knows it."""
    return base_url() + url_for("oidc.back")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
