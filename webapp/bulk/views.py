"""Bulk changes: the list of them, picking campaigns, and the one page that a job has."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit import entries
from webapp.audit.actors import web_actor
from webapp.auth import access
from webapp.auth.access import may, requires
from webapp.auth.permissions import Permission
from webapp.bulk import draft_views, queries, selection, shown, verb_views, words
from webapp.bulk.forms import FORMS
from webapp.bulk.models import DRAFT, UNDER_WAY, UNDO, BulkJob
from webapp.bulk.paging import page_link, page_number, part_shown
from webapp.campaigns.terms import Asker
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput
from webapp.web.htmx import wants_fragment
from webapp.web.settings import zone

blueprint = Blueprint("bulk", __name__)

ONE = "/bulk/<job_uuid>"
for name, view in (
    ("plan", draft_views.plan),
    ("tick", draft_views.tick),
    ("start", draft_views.start),
    ("pause", verb_views.pause),
    ("resume", verb_views.resume),
    ("cancel", verb_views.cancel),
    ("retry", verb_views.retry),
    ("undo", verb_views.undo),
):
    blueprint.add_url_rule(f"{ONE}/{name}", view_func=view, methods=["POST"])


@blueprint.get("/bulk")
@requires(Permission.READ)
def index() -> str:
    page = queries.list_jobs(page_number())
    return render_template(
        "bulk/index.html",
        page=page,
        jobs=[(job, words.name_of(job)) for job in page.items],
        pills=words.JOB_PILLS,
        link=lambda number: url_for("bulk.index", page=number),
    )


@blueprint.post("/bulk")
@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def select() -> ResponseReturnValue:
    """Freeze what was picked in the list, and go on to what shall be done with it.

    That changes no campaign: after a session that ended, the ticks still lead to the draft.
    """
    arguments = selection.read_arguments(request.form.get("list", ""))
    try:
        with transaction():
            uuid = _draft(request.form.get("scope", selection.ROWS), arguments).uuid
    except InvalidInput as problem:
        flash(str(problem), "warn")
        return redirect(selection.list_address(arguments))
    operation = request.form.get("operation")
    return redirect(url_for("bulk.show", job_uuid=uuid, operation=operation or None))


def _draft(scope: str, arguments: dict[str, str]) -> BulkJob:
    if scope == selection.MATCHING:
        asker = Asker(access.operator().id, utc_now(), zone())
        return selection.draft_of_matching(web_actor(), arguments, asker)
    picked = request.form.getlist("pick")
    if scope == selection.PAGE or "all" in request.form:
        picked = request.form.get("on_page", "").split()
    return selection.draft_of_rows(web_actor(), scope, picked, arguments)


@blueprint.get(ONE)
@requires(Permission.READ)
def show(job_uuid: str) -> ResponseReturnValue:
    """Choosing what to do, the preview, the progress, or the result: as far as the job is."""
    job = queries.get_job(job_uuid)
    if job.state == DRAFT:
        name = request.args.get("operation", "")
        if job.operation is None or (name in FORMS and draft_views.is_mine(job)):
            return draft_views.choose(job, name)
        return draft_views.preview(job)
    template = "bulk/_progress.html" if wants_fragment() else "bulk/show.html"
    return render_template(template, **_progress(job))


def _progress(job: BulkJob) -> dict[str, Any]:
    show, number = part_shown(), page_number()
    page = queries.items_page(job, show, number)
    progress = shown.progress(job, utc_now())
    is_moving = job.state in UNDER_WAY or progress.open > 0
    here = url_for("bulk.show", job_uuid=job.uuid, show=show or None, page=number)
    return {
        "job": job,
        "name": words.name_of(job),
        "state_pill": words.JOB_PILLS[job.state],
        "item_pills": words.ITEM_PILLS,
        "progress": progress,
        "messages": queries.messages(job),
        "page": page,
        "rows": shown.rows(page.items),
        "show": show,
        "live_url": here if is_moving else None,
        "here": here,
        "link": page_link(job, show),
        "list_address": selection.list_address(job.list_arguments),
        "can_undo": job.kind != UNDO and job.state not in UNDER_WAY and job.done_count > 0,
        "undone_by": queries.undone_by(job),
        "may_edit": may(Permission.EDIT_CAMPAIGNS),
    }


def _links(ids: set[int]) -> dict[int, str]:
    found = queries.uuids_of(ids)
    return {id_: url_for("bulk.show", job_uuid=uuid) for id_, uuid in found.items()}


entries.link_objects("bulk", _links)
