"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from webapp.auth import service
from webapp.auth.access import is_safe_target, requires
from webapp.auth.forms import SignInForm
from webapp.auth.permissions import Permission
from webapp.core.db import db, transaction

blueprint = Blueprint("auth", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    target = request.args.get("next", "")
    target = target if is_safe_target(target) else url_for("overview.index")
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("auth/sign_in.html", form=form), 422 if form.errors else 200
    try:
        operator = service.sign_in(
            form.email.data or "", form.password.data or "", request.remote_addr or "unknown"
        )
    except service.SignInFailed as problem:
        db.session.commit()
        form.form_errors.append(str(problem))
        return render_template("auth/sign_in.html", form=form), 422
    with transaction():
        login_user(operator)
    return redirect(target)


@blueprint.post("/sign-out")
@requires(Permission.READ)
def sign_out() -> ResponseReturnValue:
    logout_user()
    flash("You are signed out.", "ok")
    return redirect(url_for("auth.sign_in"))
