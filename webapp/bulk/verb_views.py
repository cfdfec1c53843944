"""What is done to a started job with one press. Their addresses are in ``webapp.bulk.views``."""

from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.audit.service import Actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.bulk import planning, queries, selection, service, undoing
from webapp.bulk.models import DRAFT, BulkJob
from webapp.core.db import transaction
from webapp.core.errors import DomainError

Verb = Callable[[Actor, BulkJob], BulkJob]


@requires(Permission.EDIT_CAMPAIGNS)
def pause(job_uuid: str) -> ResponseReturnValue:
    return _done(job_uuid, service.pause, "Paused. What was done stays; the rest waits.")


@requires(Permission.EDIT_CAMPAIGNS)
def resume(job_uuid: str) -> ResponseReturnValue:
    return _done(job_uuid, service.resume, "It goes on.")


@requires(Permission.EDIT_CAMPAIGNS)
def cancel(job_uuid: str) -> ResponseReturnValue:
    job = queries.get_job(job_uuid)
    if job.state != DRAFT:
        said = "Stopped. What was done stays, and can be undone."
        return _done(job_uuid, service.cancel, said)
    _done(job_uuid, service.cancel, "The draft was thrown away. Nothing was changed.")
    return redirect(selection.list_address(job.list_arguments))


@requires(Permission.EDIT_CAMPAIGNS)
def retry(job_uuid: str) -> ResponseReturnValue:
    """A new draft of those that failed."""
    return _done(
        job_uuid, planning.retry, "Those that failed, as they are now. Nothing is done yet."
    )


@requires(Permission.EDIT_CAMPAIGNS)
def undo(job_uuid: str) -> ResponseReturnValue:
    """A draft that undoes it, shown first."""
    return _done(job_uuid, undoing.draft_undo, "This is what would be undone. Nothing is done yet.")


def _done(job_uuid: str, verb: Verb, said: str) -> ResponseReturnValue:
    """Do it, and show the job that it is about now: this one, or a new draft."""
    try:
        with transaction():
            shown = verb(web_actor(), queries.get_job(job_uuid)).uuid
    except DomainError as problem:
        flash(str(problem), "warn")
        return redirect(url_for("bulk.show", job_uuid=job_uuid))
    flash(said, "ok")
    return redirect(url_for("bulk.show", job_uuid=shown))
