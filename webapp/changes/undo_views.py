"""Undoing a change: what would be restored is shown first. Its address is in ``views``."""

from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import undo as undoing
from webapp.campaigns.edit_views import back
from webapp.changes import queries, shown
from webapp.core.db import transaction
from webapp.core.errors import DomainError, InvalidInput, StaleEdit
from webapp.web.forms import posted_key, posted_version

MOVED = "The campaign was changed since this was drawn. Look again at what would be restored."


@requires(Permission.EDIT_CAMPAIGNS)
def undo(change_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _preview(change_id)
    change = queries.get_change(change_id)
    version, groups = posted_version(), request.form.getlist("group")
    try:
        with transaction():
            campaign = undoing.undo(web_actor(), change, version, groups, posted_key())
            uuid = campaign.uuid
    except StaleEdit:
        return _preview(change_id, MOVED, 409)
    except InvalidInput as problem:
        return _preview(change_id, str(problem), 422)
    except DomainError as problem:
        return _preview(change_id, str(problem), 409)
    flash("Undone here. What Megaphone has to be told is on its way.", "ok")
    return redirect(back() or url_for("campaigns.show", uuid=uuid))


def _preview(change_id: int, problem: str | None = None, status: int = 200) -> ResponseReturnValue:
    change = queries.get_change(change_id)
    ticked = request.form.getlist("group") if request.method == "POST" else None
    page = render_template(
        "changes/undo.html",
        change=change,
        item=shown.shown([queries.change_row(change_id)])[0],
        preview=undoing.preview(change),
        ticked=ticked,
        problem=problem,
        key=request.form.get("key") or uuid4(),
        back=back(),
    )
    return page, status
