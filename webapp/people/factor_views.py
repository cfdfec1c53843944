"""The pages of one's own second factor, under the account.

A secret and recovery codes are part of one answer each, and of no address, session or log.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth import recovery, second_factor, sessions, signing_in, totp
from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.auth.second_factor import DraftDoesNotFit, WrongCode
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.people import factor
from webapp.people.factor_forms import CodeForm, ReplaceForm, SetUpForm

BOTH = ("GET", "POST")

blueprint = Blueprint("factor", __name__, url_prefix="/account/second-factor")


@blueprint.get("")
@requires(Permission.READ)
def index() -> str:
    who = operator()
    return render_template(
        "people/factor.html",
        me=who,
        is_on=second_factor.is_on(who),
        is_required=second_factor.is_required(who),
        left=recovery.left(who.id),
        most=recovery.COUNT,
    )


@blueprint.route("/set-up", methods=BOTH)
@requires(Permission.READ, fresh=True)
def set_up() -> ResponseReturnValue:
    who, replaces = operator(), second_factor.is_on(operator())
    form = ReplaceForm() if replaces else SetUpForm()
    if form.validate_on_submit():
        try:
            return _shown_once(_new_codes(form))
        except DraftDoesNotFit as problem:
            db.session.rollback()
            form.add_errors({"code": str(problem)}, {})
        except WrongCode as problem:
            db.session.commit()
            form.add_errors({"current": str(problem)}, {})
        except TooLate as problem:
            db.session.rollback()
            return _back(f"{problem} You can make new recovery codes here.")
    form.draft.data = form.draft.data or second_factor.draft(who)
    secret = second_factor.drafted(who, form.draft.data)
    page = render_template(
        "people/factor_set_up.html",
        form=form,
        replaces=replaces,
        secret=totp.in_groups(secret),
        picture=totp.picture(secret, who.email),
    )
    return page, 422 if form.errors else 200


def _new_codes(form: SetUpForm) -> list[str]:
    draft, code, here = form.draft.data or "", form.code.data or "", sessions.current()
    if not isinstance(form, ReplaceForm):
        return factor.set_up(web_actor(), operator(), draft, code, but=here)
    current, address = form.current.data or "", signing_in.address_here()
    return factor.replace(web_actor(), operator(), draft, code, current, address, but=here)


@blueprint.route("/codes", methods=BOTH)
@requires(Permission.READ, fresh=True)
def codes() -> ResponseReturnValue:
    if not second_factor.is_on(operator()):
        return _back("Recovery codes come with a second factor: set one up first.")
    form = CodeForm()
    if form.validate_on_submit():
        try:
            made = factor.renew_codes(
                web_actor(),
                operator(),
                form.code.data or "",
                signing_in.address_here(),
                but=sessions.current(),
            )
            return _shown_once(made)
        except WrongCode as problem:
            db.session.commit()
            form.add_errors({"code": str(problem)}, {})
    return render_template("people/factor_renew.html", form=form), 422 if form.errors else 200


@blueprint.route("/off", methods=BOTH)
@requires(Permission.READ, fresh=True)
def off() -> ResponseReturnValue:
    if not second_factor.is_on(operator()):
        return _back("You have no second factor.")
    if second_factor.is_required(operator()):
        return _back(str(factor.StillRequired()))
    form = CodeForm()
    if form.validate_on_submit():
        try:
            factor.switch_off(
                web_actor(),
                operator(),
                form.code.data or "",
                signing_in.address_here(),
                but=sessions.current(),
            )
            db.session.commit()
            flash("Your second factor is off. Your other sessions have ended.", "ok")
            return redirect(url_for("factor.index"))
        except WrongCode as problem:
            db.session.commit()
            form.add_errors({"code": str(problem)}, {})
    return render_template("people/factor_off.html", form=form), 422 if form.errors else 200


def _shown_once(made: list[str]) -> ResponseReturnValue:
    with transaction():
        return render_template("people/factor_codes.html", codes=made)


def _back(words: str) -> ResponseReturnValue:
    flash(words, "warn")
    return redirect(url_for("factor.index"))
