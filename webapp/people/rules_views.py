"""The page of the rules that admins set."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField

from webapp.audit.actors import web_actor
from webapp.auth import second_factor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.core.db import transaction
from webapp.core.errors import TooLate
from webapp.people import rules
from webapp.web.forms import BaseForm

blueprint = Blueprint("rules", __name__)


class RulesForm(BaseForm):
    """``seen`` is what the page was drawn with."""

    for_all = BooleanField("Everybody needs a second factor to sign in")
    seen = HiddenField()


@blueprint.route("/people/rules", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, fresh=True)
def index() -> ResponseReturnValue:
    form = RulesForm()
    if form.validate_on_submit():
        try:
            with transaction():
                changed = rules.set_for_all(
                    web_actor(), on=bool(form.for_all.data), seen=form.seen.data == "on"
                )
            flash("The rule is changed." if changed else "That was the rule already.", "ok")
        except TooLate as problem:
            flash(str(problem), "warn")
        return redirect(url_for("rules.index"))
    is_on = second_factor.for_all()
    if request.method == "GET":
        form.for_all.data = is_on
    form.seen.data = "on" if is_on else "off"
    return render_template("people/rules.html", form=form, without=rules.without_factor())
