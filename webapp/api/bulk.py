"""Bulk changes for scripts: one operation on many campaigns, tried out, started, followed."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, jsonify, url_for
from flask.typing import ResponseReturnValue

from webapp.api import access, bulk_operations, bulk_rows
from webapp.api.keys import intent_key
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import bulk as schemas
from webapp.api.serialize import Json
from webapp.api.writing import writing
from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.auth.permissions import Scope
from webapp.bulk import planning, queries, selection, service, undoing, words
from webapp.bulk.models import BulkJob
from webapp.campaigns.terms import Asker
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.web.problems import Problem
from webapp.web.settings import zone

TAG = "Bulk"
PLACE = frozenset({"Location"})
NOBODYS = "A bulk change is done in somebody’s name. Use a token that belongs to an operator."
NO_CAMPAIGN = "There is no such campaign."
MOST_NAMED = 20
# What the services call otherwise, or have in a form.
SENT_AS = {"items": "selection", "list": "selection/q"}
# What the services say to people at a page, to a script: its place, and its words.
TO_SCRIPTS = {
    words.NOTHING_PICKED: ("selection/q", "No campaign matches it."),
    words.NOTHING_TICKED: (
        "selection",
        "Nothing of these can be changed by it. A dry run says of each one why.",
    ),
    words.CONFIRM: ("confirmed", f"{words.TO_MEAN} Send true if that is meant, or leave them out."),
}


@dataclass(frozen=True, slots=True)
class Begun:
    """What is answered of a job that was made: the plan, when it was only tried."""

    answer: Json
    uuid: str


@operation(
    "POST",
    "/campaigns/bulk",
    Declaration(
        Scope.WRITE,
        TAG,
        "Change many campaigns",
        {200: schemas.BulkPreview, 202: schemas.BulkJob},
        query=schemas.BulkQuery,
        body=schemas.BulkBody,
        example={
            "selection": {"q": "advertiser:northwind currency:usd"},
            "operation": {"percent": {"by": "10"}},
            "note": "Agreed with Northwind on 2 March.",
        },
        answer_headers=PLACE,
    ),
)
def change_many(query: schemas.BulkQuery, body: schemas.BulkBody) -> ResponseReturnValue:
    """Do one thing to up to 10,000 campaigns.

    With `dry_run=1` the answer is the plan (200): how many would change, what cannot be done and
    why, warnings, and sums per currency. Without, the same plan is carried out by the worker: the
    answer is 202, and `Location` says how far it is, row by row. What cannot be done to one
    campaign keeps no other from it. Budgets that rise by more than half or from 0, fall by more
    than half, or change their currency need `confirmed`; a first budget does not.

    It is done in the name of the token's operator; a token that belongs to nobody gets 403.
    """
    who = _somebody()

    def make() -> BulkJob:
        job = planning.plan(who, _picked(who, body.selection), bulk_operations.read(body.operation))
        if body.note:
            audit.record(who, "noted on", _subject(job), reason=body.note)
        return job

    return _begun(who, make, dry_run=query.dry_run, confirmed=body.confirmed)


@operation(
    "GET",
    "/bulk/<job_uuid>",
    Declaration(
        Scope.READ,
        TAG,
        "One bulk change, with its rows",
        {200: schemas.BulkJobRows},
        query=schemas.BulkRowsQuery,
        errors=frozenset({"not_found"}),
    ),
)
def get_bulk_change(job_uuid: str, query: schemas.BulkRowsQuery) -> ResponseReturnValue:
    """How far it is, and what became of each campaign: 100 rows a page, warned ones first."""
    job = queries.get_job(job_uuid)
    page = queries.items_page(job, (query.show or "").replace("_", "-"), query.page)
    meta = {"page": page.number, "per_page": page.per_page, "total": page.total}
    return jsonify(bulk_rows.job(job) | {"rows": bulk_rows.rows(page.items), "meta": meta})


def _pressing(summary: str) -> Declaration:
    return Declaration(
        Scope.WRITE,
        TAG,
        summary,
        {200: schemas.BulkJob},
        errors=frozenset({"not_found", "clash"}),
    )


@operation("POST", "/bulk/<job_uuid>/pause", _pressing("Pause a bulk change"))
def pause_bulk_change(job_uuid: str) -> ResponseReturnValue:
    """Stop before the next rows; what was done stays, the rest waits."""
    return _pressed(job_uuid, service.pause)


@operation("POST", "/bulk/<job_uuid>/resume", _pressing("Go on with a bulk change"))
def resume_bulk_change(job_uuid: str) -> ResponseReturnValue:
    """Go on with one that is paused, in the name of who started it."""
    return _pressed(job_uuid, service.resume)


@operation("POST", "/bulk/<job_uuid>/cancel", _pressing("Stop a bulk change"))
def cancel_bulk_change(job_uuid: str) -> ResponseReturnValue:
    """Do nothing more of it; what was done stays done, and can be undone."""
    return _pressed(job_uuid, service.cancel)


@operation(
    "POST",
    "/bulk/<job_uuid>/undo",
    Declaration(
        Scope.WRITE,
        TAG,
        "Undo a bulk change",
        {200: schemas.BulkPreview, 202: schemas.BulkJob},
        query=schemas.BulkQuery,
        errors=frozenset({"not_found", "clash"}),
        answer_headers=PLACE,
    ),
)
def undo_bulk_change(job_uuid: str, query: schemas.BulkQuery) -> ResponseReturnValue:
    """Undo what it has done: what was not sent is taken back, what was goes out as a new change.

    It is a bulk change of its own. With `dry_run=1` the answer says of each campaign how it would
    be undone, or why it cannot be.
    """
    who = _somebody()

    def make() -> BulkJob:
        return undoing.draft_undo(who, queries.get_job(job_uuid))

    return _begun(who, make, dry_run=query.dry_run)


def _begun(
    who: Actor, make: Callable[[], BulkJob], *, dry_run: bool, confirmed: bool = False
) -> ResponseReturnValue:
    """The plan when it is only tried; else start it."""
    try:
        with writing(dry_run=dry_run):
            job = make() if dry_run else _started(who, make, confirmed=confirmed)
            answer = bulk_rows.preview(job) if dry_run else bulk_rows.job(job)
            begun = Begun(answer, str(job.uuid))
    except InvalidInput as problem:
        said = (_to_script(name, text) for name, text in problem.fields.items())
        raise InvalidInput(dict(said)) from None
    return jsonify(begun.answer) if dry_run else _accepted(begun)


def _started(who: Actor, make: Callable[[], BulkJob], *, confirmed: bool) -> BulkJob:
    """What this request wants: the one that it started before, if it died before it answered."""
    key = intent_key()
    known = queries.find_job(key)
    if known:
        return known
    job = make()
    job.uuid = key
    db.session.flush()
    service.start(who, job, confirmed=confirmed)
    return job


def _to_script(name: str, text: str) -> tuple[str, str]:
    """Where in the body something is wrong, and what a script reads of it."""
    return TO_SCRIPTS.get(text, (SENT_AS.get(name, name), text))


def _accepted(begun: Begun) -> Response:
    response = jsonify(begun.answer)
    response.status_code = 202
    response.headers["Location"] = url_for("api.get_bulk_change", job_uuid=begun.uuid)
    return response


def _pressed(job_uuid: str, verb: Callable[[Actor, BulkJob], BulkJob]) -> ResponseReturnValue:
    with writing():
        answer = bulk_rows.job(verb(access.actor(), queries.get_job(job_uuid)))
    return jsonify(answer)


def _somebody() -> Actor:
    who = access.actor()
    if who.operator_id is None:
        raise Problem("not_allowed", NOBODYS)
    return who


def _picked(who: Actor, sent: schemas.Selection) -> BulkJob:
    if sent.ids is None:
        asker = Asker(who.operator_id, utc_now(), zone())
        return selection.draft_of_matching(who, {"q": sent.q or ""}, asker)
    picked = [str(each) for each in sent.ids]
    known = {row.uuid for row in selection.versions(picked)}
    missing = [number for number, each in enumerate(sent.ids) if each not in known]
    if missing:
        raise InvalidInput(
            {f"selection/ids/{number}": NO_CAMPAIGN for number in missing[:MOST_NAMED]}
        )
    return selection.draft_of_rows(who, selection.ROWS, picked, {})


def _subject(job: BulkJob) -> Subject:
    return Subject("bulk", job.id, words.name_of(job))
