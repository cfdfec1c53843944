"""Undoing one thing that a pull changed here: what would be restored is shown first."""

from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import undo as undoing
from webapp.campaigns.models import Campaign
from webapp.campaigns.undo_views import Refusal, refusal_of
from webapp.sync import run_queries
from webapp.sync.models import PulledChange
from webapp.sync.pulled import CHANGED, NOT_TAKEN, undo_item
from webapp.web.forms import posted_key, posted_version


@requires(Permission.EDIT_CAMPAIGNS)
def undo(pulled_id: int) -> ResponseReturnValue:
    pulled, campaign = run_queries.pulled_item(pulled_id)
    if request.method == "GET":
        return _preview(pulled, campaign)
    uuid = campaign.uuid
    refusal = refusal_of(
        lambda: undo_item(web_actor(), pulled, campaign, posted_version(), posted_key())
    )
    if refusal:
        return _preview(*run_queries.pulled_item(pulled_id), refusal)
    flash("Undone here; it is on its way to Megaphone.", "ok")
    return redirect(url_for("campaigns.show", uuid=uuid))


def _preview(
    pulled: PulledChange, campaign: Campaign, refusal: Refusal | None = None
) -> ResponseReturnValue:
    preview, settled = None, None
    if pulled.undone_by:
        settled = f"{pulled.undone_by} has undone this already."
    elif pulled.kind != CHANGED or pulled.field_group is None:
        settled = NOT_TAKEN
    else:
        preview = undoing.preview_pulled(
            campaign, pulled.field_group, pulled.before, pulled.after, pulled.at
        )
        settled = preview.problem
    page = render_template(
        "sync/undo.html",
        pulled=pulled,
        campaign=campaign,
        each=preview.groups[0] if preview else None,
        preview=preview,
        settled=settled,
        problem=refusal.words if refusal else None,
        key=request.form.get("key") or uuid4(),
    )
    return page, refusal.status if refusal else 200
