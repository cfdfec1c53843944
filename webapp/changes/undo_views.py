"""Undoing a change: what would be restored is shown first. Its address is in ``views``."""

from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.campaigns import undo as undoing
from webapp.campaigns.edit_views import back
from webapp.campaigns.undo_views import Refusal, refusal_of
from webapp.changes import queries, shown
from webapp.web.forms import posted_key, posted_version


@requires(Permission.EDIT_CAMPAIGNS)
def undo(change_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _preview(change_id)
    change = queries.get_change(change_id)
    uuid = campaigns.uuids_of([change.campaign_id])[change.campaign_id]
    groups = request.form.getlist("group")
    refusal = refusal_of(
        lambda: undoing.undo(web_actor(), change, posted_version(), groups, posted_key())
    )
    if refusal:
        return _preview(change_id, refusal)
    flash("Undone here. What Megaphone has to be told is on its way.", "ok")
    return redirect(back() or url_for("campaigns.show", uuid=uuid))


def _preview(change_id: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    change = queries.get_change(change_id)
    ticked = request.form.getlist("group") if request.method == "POST" else None
    page = render_template(
        "changes/undo.html",
        change=change,
        item=shown.shown([queries.change_row(change_id)])[0],
        preview=undoing.preview(change),
        ticked=ticked,
        problem=refusal.words if refusal else None,
        key=request.form.get("key") or uuid4(),
        back=back(),
    )
    return page, refusal.status if refusal else 200
