"""Undoing one thing that a pull changed here: what would be restored is shown first."""

from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import undo as undoing
from webapp.campaigns.models import Campaign
from webapp.core.db import transaction
from webapp.core.errors import DomainError, InvalidInput, StaleEdit
from webapp.sync import run_queries
from webapp.sync.models import PulledChange
from webapp.sync.pulled import CHANGED, NOT_TAKEN, undo_item
from webapp.web.forms import posted_key, posted_version

MOVED = "The campaign was changed since this was drawn. Look again at what would be restored."


@requires(Permission.EDIT_CAMPAIGNS)
def undo(pulled_id: int) -> ResponseReturnValue:
    pulled, campaign = run_queries.pulled_item(pulled_id)
    if request.method == "GET":
        return _preview(pulled, campaign)
    try:
        with transaction():
            undo_item(web_actor(), pulled, campaign, posted_version(), posted_key())
            uuid = campaign.uuid
    except StaleEdit:
        return _again(pulled_id, MOVED, 409)
    except InvalidInput as problem:
        return _again(pulled_id, str(problem), 422)
    except DomainError as problem:
        return _again(pulled_id, str(problem), 409)
    flash("Undone here; it is on its way to Megaphone.", "ok")
    return redirect(url_for("campaigns.show", uuid=uuid))


def _again(pulled_id: int, problem: str, status: int) -> ResponseReturnValue:
    return _preview(*run_queries.pulled_item(pulled_id), problem, status)


def _preview(
    pulled: PulledChange, campaign: Campaign, problem: str | None = None, status: int = 200
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
        problem=problem,
        key=request.form.get("key") or uuid4(),
    )
    return page, status
