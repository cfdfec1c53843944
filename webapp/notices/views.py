"""The pages of notices: what is the matter and what was, and what somebody hears of by e-mail."""

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.notices import kinds, queries, service
from webapp.notices.forms import ChoicesForm
from webapp.web import htmx
from webapp.web.lists import list_params

blueprint = Blueprint("notices", __name__)


@blueprint.get("/notices")
@requires(Permission.READ)
def index() -> str:
    params = list_params(queries.NOTICES)
    is_fragment = htmx.wants_fragment()
    return render_template(
        "notices/_results.html" if is_fragment else "notices/index.html",
        params=params,
        page=queries.list_notices(params),
        names=kinds.NAMES,
        states=queries.STATES,
        undelivered=() if is_fragment else queries.undelivered(utc_now()),
    )


@blueprint.route("/notices/choices", methods=("GET", "POST"))
@requires(Permission.READ)
def choices() -> ResponseReturnValue:
    who, settings = operator(), current_app.config["SETTINGS"]
    form = ChoicesForm(data=queries.choices_of(who))
    if form.validate_on_submit():
        with transaction():
            service.choose(web_actor(), who, form.wanted())
        flash("Saved.", "ok")
        return redirect(url_for("notices.choices"))
    return render_template(
        "notices/choices.html",
        form=form,
        names=kinds.NAMES,
        email=who.email,
        is_sent=settings.mail_url is not None,
        hours=settings.notice_hours,
        digest_hour=settings.digest_hour,
        timezone=settings.timezone,
    )
