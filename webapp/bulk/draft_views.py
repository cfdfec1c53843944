"""A draft's page: choosing the operation, and the preview with its ticks. Addresses: ``views``."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth import access
from webapp.auth.access import may, requires
from webapp.auth.permissions import Permission
from webapp.bulk import planning, queries, selection, service, shown, words
from webapp.bulk.forms import FORMS, ArchiveForm, OperationForm
from webapp.bulk.models import EDIT, BulkJob
from webapp.bulk.paging import numbers, page_link, page_number, part_shown
from webapp.core.db import transaction
from webapp.core.errors import DomainError, InvalidInput, NotFound
from webapp.web.forms import drawn_again
from webapp.web.htmx import send_to, wants_fragment

UNPROCESSABLE, CLASH = 422, 409


def choose(
    job: BulkJob, name: str, form: OperationForm | None = None, status: int = 200
) -> ResponseReturnValue:
    """The operations, and the fields of the one that was chosen."""
    chosen = FORMS.get(name)
    page = render_template(
        "bulk/choose.html",
        job=job,
        choices=[(each, label) for each, (label, _) in FORMS.items()],
        chosen=name if chosen else None,
        label=chosen[0] if chosen else None,
        form=form or (chosen[1]() if chosen else None),
        is_mine=is_mine(job),
        list_address=selection.list_address(job.list_arguments),
    )
    return page, status


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def plan(job_uuid: str) -> ResponseReturnValue:
    job = queries.get_job(job_uuid)
    name = request.args.get("operation", "")
    if name not in FORMS or job.kind != EDIT:
        raise NotFound("There is no such operation.")
    form = FORMS[name][1]()
    if drawn_again():
        return choose(job, name, form)
    operation = form.operation()
    if operation is None:
        return choose(job, name, form, 422)
    try:
        with transaction():
            planning.plan(web_actor(), job, operation)
    except DomainError as problem:
        flash(str(problem), "warn")
    return redirect(url_for("bulk.show", job_uuid=job_uuid))


def preview(job: BulkJob, problem: str | None = None, status: int = 200) -> ResponseReturnValue:
    """One row for each campaign, before and after, with warnings and totals on top."""
    show, number = part_shown(), page_number()
    page = queries.items_page(job, show, number)
    meant = shown.to_be_meant(job)
    button, note = shown.start_words(job)
    answer = render_template(
        "bulk/preview.html",
        job=job,
        name=words.name_of(job),
        operation=(job.operation or {}).get("words"),
        can_choose=job.kind == EDIT,
        chosen=(job.operation or {}).get("name"),
        planned=shown.planned_count(job),
        parts=shown.parts(job),
        here=url_for("bulk.show", job_uuid=job.uuid, show=show or None, page=number),
        link=page_link(job, show),
        button=button,
        note=note,
        page=page,
        rows=shown.rows(page.items),
        show=show,
        warnings=shown.warnings(job),
        messages=queries.messages(job),
        totals=shown.totals(job),
        meant=meant,
        asks=meant and status == UNPROCESSABLE,
        problem=problem,
        # Another plan was looked at when it was ticked.
        confirmed="confirmed" in request.form and status != CLASH,
        is_mine=is_mine(job),
        form=ArchiveForm(),
        list_address=selection.list_address(job.list_arguments),
    )
    return answer, status


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def tick(job_uuid: str) -> ResponseReturnValue:
    """Keep this page's ticks, leave out what has a warning if asked to, and show a page.

    That changes no campaign: it is done after a session that ended as well.
    """
    job = queries.get_job(job_uuid)
    warning = request.form.get("leave")
    try:
        with transaction():
            _keep_ticks(job)
            left = service.leave_out(web_actor(), job, warning) if warning else 0
    except DomainError as problem:
        flash(str(problem), "warn")
        job_page = url_for("bulk.show", job_uuid=job_uuid)
        # A script that keeps each tick would show this nowhere, and new numbers over old rows.
        return send_to(job_page) if wants_fragment() else redirect(job_page)
    if drawn_again():
        flash(words.TICKS_KEPT, "warn")
    if left:
        flash(f"{words.counted(left)} left out.", "ok")
    number = page_number(request.form.get("go", "1"))
    part = request.form.get("show", request.form.get("part", ""))
    show = part if part in queries.SHOWN else None
    return redirect(url_for("bulk.show", job_uuid=job_uuid, page=number, show=show))


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def start(job_uuid: str) -> ResponseReturnValue:
    """Keep this page's ticks, and have it carried out.

    After a session that ended, the ticks are kept and nothing is started unseen.
    """
    job = queries.get_job(job_uuid)
    try:
        with transaction():
            is_draft = service.is_draft(job)
            if is_draft:
                _keep_ticks(job)
        if drawn_again():
            return _shown_again(job_uuid, is_draft=is_draft)
        # Of its own: a start that is refused must not lose the ticks.
        with transaction():
            is_meant = "confirmed" in request.form
            service.start(web_actor(), job, confirmed=is_meant, seen=_plan_seen())
    except InvalidInput as problem:
        return preview(queries.get_job(job_uuid), str(problem), UNPROCESSABLE)
    except service.PlannedAnew as problem:
        return preview(queries.get_job(job_uuid), str(problem), CLASH)
    except DomainError as problem:
        flash(str(problem), "warn")
    return redirect(url_for("bulk.show", job_uuid=job_uuid))


def _shown_again(job_uuid: str, *, is_draft: bool) -> ResponseReturnValue:
    if not is_draft:
        return redirect(url_for("bulk.show", job_uuid=job_uuid))
    flash(words.TICKS_KEPT, "warn")
    return preview(queries.get_job(job_uuid))


def _keep_ticks(job: BulkJob) -> None:
    on_page = numbers(request.form.get("shown", "").split())
    ticked = set(numbers(request.form.getlist("tick")))
    service.tick(web_actor(), job, on_page[: queries.ITEMS_A_PAGE], ticked, _plan_seen())


def _plan_seen() -> int:
    """The number of the plan that the form was drawn from; one that never was without it."""
    return next(iter(numbers([request.form.get("plan", "")])), -1)


def is_mine(job: BulkJob) -> bool:
    """Whether who is signed in may plan and start it."""
    return may(Permission.EDIT_CAMPAIGNS) and job.operator_id == access.operator().id
