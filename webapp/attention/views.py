"""Needs you: everything that waits for a person, each with one next step."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.attention import items, queries
from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns.edit_views import back
from webapp.campaigns.models import Campaign
from webapp.core.db import db, transaction
from webapp.sync import service

blueprint = Blueprint("attention", __name__)

DUPLICATE = "/needs-you/duplicates/<int(max=2147483647):duplicate_id>"


@blueprint.get("/needs-you")
@requires(Permission.READ)
def index() -> str:
    return render_template(
        "attention/index.html", counts=queries.counts(), sections=items.sections()
    )


@blueprint.get(DUPLICATE)
@requires(Permission.READ)
def duplicate(duplicate_id: int) -> str:
    report = queries.get_duplicate(duplicate_id)
    return render_template(
        "attention/duplicate.html",
        report=report,
        campaign=db.session.get_one(Campaign, report.campaign_id),
        other=queries.other_record(report),
        back=back(),
    )


@blueprint.post(f"{DUPLICATE}/close")
@requires(Permission.EDIT_CAMPAIGNS)
def close_duplicate(duplicate_id: int) -> ResponseReturnValue:
    with transaction():
        service.close_duplicate(web_actor(), queries.get_duplicate(duplicate_id))
    flash("Closed. Nothing was removed, here or in Megaphone.", "ok")
    return redirect(back() or url_for("attention.index"))
