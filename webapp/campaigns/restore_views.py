"""The page that shows an earlier version beside what is now, and brings it back."""

from uuid import uuid4

from flask import render_template, request
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries, restoring, said
from webapp.campaigns.edit_views import after_saving, back
from webapp.campaigns.undo_views import Refusal, refusal_of
from webapp.web.forms import posted_key, posted_version


@requires(Permission.EDIT_CAMPAIGNS)
def restore(uuid: str, event_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _preview(uuid, event_id)
    campaign = queries.get_campaign(uuid)
    groups = request.form.getlist("group")
    refusal = refusal_of(
        lambda: restoring.restore(
            web_actor(), campaign, event_id, posted_version(), groups, posted_key()
        )
    )
    if refusal:
        return _preview(uuid, event_id, refusal)
    is_sent = queries.change_by_key(posted_key()) is not None
    return after_saving(queries.get_campaign(uuid).uuid, said.SAVED if is_sent else said.KEPT)


def _preview(uuid: str, event_id: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    page = render_template(
        "campaigns/restore.html",
        preview=restoring.preview(queries.get_campaign(uuid), event_id),
        ticked=request.form.getlist("group") if request.method == "POST" else None,
        problem=refusal.words if refusal else None,
        key=uuid4(),
        back=back(),
    )
    return page, refusal.status if refusal else 200
