"""Importing a file: giving it, what was read of it, and its lines that came to nothing."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.core.db import db, reading, transaction
from webapp.core.errors import NotFound, TooLate
from webapp.exchange import columns, file_queries, keeping, mending, planning, service, writing
from webapp.exchange.forms import AgainForm, FileForm
from webapp.exchange.models import ImportFile
from webapp.exchange.reading import MOST_BYTES, MOST_ROWS, Table, Unreadable, read_table

CSV = "text/csv; charset=utf-8; header=present"
SHOWN_PROBLEMS = 200


@requires(Permission.EDIT_CAMPAIGNS)
def upload() -> ResponseReturnValue:
    form = FileForm()
    if not form.validate_on_submit():
        return _form_page(form)
    sent: FileStorage = form.file.data
    content = sent.stream.read(MOST_BYTES + 1)
    sent.close()
    try:
        table = read_table(content)
    except Unreadable as problem:
        form.add_errors({"file": str(problem)}, {})
        return _form_page(form)
    actor = web_actor()
    with transaction():
        file = service.keep_file(actor, sent.filename or "", content, table)
        uuid, is_known = str(file.uuid), file_queries.earlier(file) is not None
    if not is_known:
        _plan(uuid, table)
    return _to_result(uuid, table)


def _form_page(form: FileForm) -> ResponseReturnValue:
    page = render_template(
        "exchange/upload.html",
        form=form,
        read=columns.READ,
        told=columns.TOLD_HEADINGS,
        most_rows=MOST_ROWS,
        kept_days=keeping.KEPT.days,
        files=file_queries.latest_files(),
    )
    return page, 422 if form.errors else 200


def _plan(uuid: str, table: Table) -> None:
    """Work out what the file asks for, keeping nobody from saving meanwhile, and draft it."""
    actor = web_actor()
    db.session.rollback()
    with reading():
        plan = planning.plan_of(table)
        db.session.rollback()
    with transaction():
        service.take_plan(actor, file_queries.get_file(uuid), plan)


def _to_result(uuid: str, table: Table) -> ResponseReturnValue:
    """The preview, or first what stands in its way."""
    file = file_queries.get_file(uuid)
    job = file_queries.job_of(file)
    if job and not file.problems:
        for caution in table.cautions:
            flash(caution, "warn")
        return redirect(url_for("bulk.show", job_uuid=job.uuid))
    return redirect(url_for("exchange.show", file_uuid=uuid))


@requires(Permission.EDIT_CAMPAIGNS)
def show(file_uuid: str) -> ResponseReturnValue:
    """What was read of a file; of one that was imported before, whether that is meant."""
    return _result_page(file_queries.get_file(file_uuid), AgainForm())


def _result_page(file: ImportFile, form: AgainForm) -> ResponseReturnValue:
    earlier = None if file.planned_at else file_queries.earlier(file)
    problems = file_queries.problems_of(file)
    job = file_queries.job_of(file)
    page = render_template(
        "exchange/show.html",
        file=file,
        form=form,
        earlier=earlier,
        earlier_job=file_queries.job_of(earlier) if earlier else None,
        job=job,
        is_kept=keeping.is_kept(file),
        kept_until=keeping.kept_until(file, job),
        kept_days=keeping.KEPT.days,
        problems=list(problems.items())[:SHOWN_PROBLEMS],
        problem_count=len(problems),
    )
    return page, 422 if form.errors else 200


@requires(Permission.EDIT_CAMPAIGNS)
def again(file_uuid: str) -> ResponseReturnValue:
    """Go on with a file that was imported before."""
    file = file_queries.get_file(file_uuid)
    form = AgainForm()
    if not form.validate_on_submit():
        return _result_page(file, form)
    table = read_table(service.content_of(file))
    try:
        _plan(file_uuid, table)
    except TooLate as problem:
        flash(str(problem), "warn")
    return _to_result(file_uuid, table)


@requires(Permission.EDIT_CAMPAIGNS)
def failed(file_uuid: str) -> ResponseReturnValue:
    """The lines that came to nothing, with what is wrong, to be mended and imported again."""
    file = file_queries.get_file(file_uuid)
    table = read_table(service.content_of(file))
    content = mending.with_problems(table, file_queries.problems_of(file))
    return download(Response(content), f"to-mend-{writing.safe_name(file.name)}.csv")


@requires(Permission.EDIT_CAMPAIGNS)
def template() -> ResponseReturnValue:
    """A file to begin with: its headings."""
    return download(Response(writing.template()), "campaigns.csv")


@requires(Permission.EDIT_CAMPAIGNS)
def of_job(job_uuid: str) -> ResponseReturnValue:
    """From a bulk job to the file that it carries out."""
    try:
        file = file_queries.file_of_job(UUID(job_uuid))
    except ValueError:
        raise NotFound("There is no such bulk change.") from None
    return redirect(url_for("exchange.show", file_uuid=file.uuid))


def download(answer: Response, name: str) -> Response:
    """The answer as a file of this name."""
    answer.content_type = CSV
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
