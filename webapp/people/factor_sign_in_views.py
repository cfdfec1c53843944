"""Between the right password and a session: the code, or setting up what makes codes.

Both pages open to a browser whose cookie says whose password was right, and to nobody else.
"""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.audit.actors import actor_of
from webapp.auth import recovery, second_factor, signing_in, totp
from webapp.auth.access import way_on
from webapp.auth.forms import SignInForm
from webapp.auth.models import Operator
from webapp.auth.second_factor import DraftDoesNotFit, Stage, WrongCode
from webapp.auth.views import blueprint
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.people import factor
from webapp.people.factor_forms import CodeForm, SetUpForm

BOTH = ("GET", "POST")


@blueprint.route("/sign-in/code", methods=BOTH)
def code() -> ResponseReturnValue:
    """Ask for a code of the app, or for a recovery code."""
    operator = _pending("code")
    if operator is None:
        return _from_the_start()
    form = CodeForm()
    if form.validate_on_submit():
        try:
            used = factor.check(
                actor_of(operator), operator, form.code.data or "", signing_in.address_here()
            )
            if signing_in.pending() is None:
                # Given another password while this waited for its turn.
                db.session.rollback()
                return _from_the_start()
            return _signed_in(operator, used)
        except WrongCode as problem:
            db.session.commit()
            form.add_errors({"code": str(problem)}, {})
    page = render_template(
        "auth/code.html",
        form=form,
        kept=request.form.get("kept"),
        target=_target(),
        by_recovery=request.args.get("with") == "recovery",
        now=utc_now(),
    )
    return page, 422 if form.errors else 200


@blueprint.route("/sign-in/set-up", methods=BOTH)
def enrol() -> ResponseReturnValue:
    """Have somebody who may not do without set up a second factor, and show recovery codes."""
    operator = _pending("enrol")
    if operator is None:
        return _from_the_start()
    form = SetUpForm()
    if form.validate_on_submit():
        try:
            codes = factor.set_up(
                actor_of(operator), operator, form.draft.data or "", form.code.data or ""
            )
            return _shown_once(operator, codes)
        except DraftDoesNotFit as problem:
            db.session.rollback()
            form.add_errors({"code": str(problem)}, {})
    form.draft.data = form.draft.data or second_factor.draft(operator)
    secret = second_factor.drafted(operator, form.draft.data)
    page = render_template(
        "auth/enrol.html",
        form=form,
        kept=request.form.get("kept"),
        secret=totp.in_groups(secret),
        picture=totp.picture(secret, operator.email),
    )
    return page, 422 if form.errors else 200


def _pending(stage: Stage) -> Operator | None:
    """Whose password was right, if this is what they have to do next."""
    operator = None if current_user.is_authenticated else signing_in.pending()
    return operator if operator and second_factor.stage(operator) == stage else None


def _from_the_start() -> ResponseReturnValue:
    typed = request.form.get("kept")
    if current_user.is_authenticated:
        return signing_in.go_on(_target(), typed)
    address = url_for("auth.sign_in", next=_target())
    if typed:
        form = SignInForm(formdata=None)
        return render_template("auth/sign_in.html", form=form, action=address, kept=typed), 401
    if signing_in.PENDING in session:
        flash("That took too long, or something changed. Sign in again.", "warn")
    return redirect(address)


def _signed_in(operator: Operator, used: second_factor.Used) -> ResponseReturnValue:
    answer = signing_in.finish(operator, _target(), request.form.get("kept"))
    if used == "recovery code":
        left = recovery.left(operator.id)
        words = f"That recovery code is used up. {left or 'No'} more {'is' if left == 1 else 'are'}"
        flash(f"{words} left: see “Second factor” in your account.", "warn")
    return answer


def _shown_once(operator: Operator, codes: list[str]) -> ResponseReturnValue:
    signing_in.finish(operator, _target(), None)
    return render_template(
        "auth/codes.html", codes=codes, kept=request.form.get("kept"), target=_target()
    )


def _target() -> str:
    return way_on(request.args.get("next", ""))
