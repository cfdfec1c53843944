"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.auth import service, sessions, signing_in
from webapp.auth.access import is_safe_target, requires
from webapp.auth.forms import SignInForm
from webapp.auth.permissions import Permission
from webapp.core.db import db, transaction

blueprint = Blueprint("auth", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    target = request.args.get("next", "")
    target = target if is_safe_target(target) else url_for("overview.index")
    typed = request.form.get("kept")
    if current_user.is_authenticated:
        return signing_in.go_on(target, typed)
    form = SignInForm()
    if not form.validate_on_submit():
        page = render_template("auth/sign_in.html", form=form, kept=typed)
        return page, 422 if form.errors else 200
    try:
        operator = service.sign_in(
            form.email.data or "", form.password.data or "", signing_in.address_here()
        )
    except service.SignInFailed as problem:
        db.session.commit()
        form.form_errors.append(str(problem))
        return render_template("auth/sign_in.html", form=form, kept=typed), 422
    return signing_in.begin(operator, target, typed)


@blueprint.post("/sign-out")
@requires(Permission.READ)
def sign_out() -> ResponseReturnValue:
    with transaction():
        sessions.end(sessions.current())
    session.clear()
    flash("You are signed out.", "ok")
    return redirect(url_for("auth.sign_in"))
