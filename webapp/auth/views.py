"""Signing in and out."""

import structlog
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.auth import passwords, service, sessions, signing_in
from webapp.auth.access import operator, requires, way_on
from webapp.auth.forms import PasswordForm, SignInForm
from webapp.auth.permissions import Permission
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

TOO_MANY = "Too many wrong passwords: you are signed out."

log = structlog.get_logger()

blueprint = Blueprint("auth", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    target = _target()
    typed = request.form.get("kept")
    if current_user.is_authenticated:
        return signing_in.go_on(target, typed)
    form = SignInForm()
    if not form.validate_on_submit():
        page = render_template("auth/sign_in.html", form=form, kept=typed)
        return page, 422 if form.errors else 200
    try:
        found = service.sign_in(
            form.email.data or "", form.password.data or "", signing_in.address_here()
        )
    except service.SignInFailed as problem:
        db.session.commit()
        form.form_errors.append(str(problem))
        return render_template("auth/sign_in.html", form=form, kept=typed), 422
    answer = signing_in.begin(found, target, typed)
    # Of somebody whose second factor is asked for next, what was counted is over all the same.
    db.session.commit()
    return answer


@blueprint.route("/confirm", methods=["GET", "POST"])
@requires(Permission.READ)
def confirm() -> ResponseReturnValue:
    """Ask for the password once more, before something dangerous."""
    typed = request.form.get("kept")
    form = PasswordForm()
    if form.validate_on_submit():
        with transaction():
            verdict = service.check_password(sessions.current(), form.password.data or "")
        if verdict == "signed out":
            return signed_out(TOO_MANY, "warn")
        if verdict == "right":
            return signing_in.go_on(_target(), typed, again="confirmed")
        form.add_errors({"password": "That is not your password."}, {})
    has_password = operator().password_hash != passwords.NONE
    page = render_template("auth/confirm.html", form=form, kept=typed, has_password=has_password)
    return page, 422 if form.errors else 200


@blueprint.get("/session")
@requires(Permission.READ)
def session_left() -> dict[str, object]:
    """How long this session lasts if nothing else is asked. A page asks by itself."""
    return _left(seen=False)


@blueprint.post("/session")
@requires(Permission.READ)
def stay() -> dict[str, object]:
    """Somebody is still there."""
    with transaction():
        sessions.see(sessions.current().id, utc_now())
    return _left(seen=True)


@blueprint.post("/sign-out")
@requires(Permission.READ)
def sign_out() -> ResponseReturnValue:
    with transaction():
        sessions.end(sessions.current())
    return signed_out("You are signed out.", "ok")


def signed_out(words: str, tone: str) -> ResponseReturnValue:
    """The session is over: forget it in this browser too, and say why."""
    log.info("signed_out", operator_id=operator().id)
    session.clear()
    flash(words, tone)
    return redirect(url_for("auth.sign_in"))


def _target() -> str:
    return way_on(request.args.get("next", ""))


def _left(*, seen: bool) -> dict[str, object]:
    now, standing = utc_now(), sessions.standing()
    if standing is None:
        return {"seconds": 0, "can_stay": False}
    return {"seconds": standing.left(now, seen=seen), "can_stay": standing.can_stay(now)}
