"""The ad server's own records, asked of it while the script waits."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue

from webapp.api.blueprint import blueprint
from webapp.api.links import HEADERS, bare_page
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import remote as schemas
from webapp.auth.permissions import Scope
from webapp.core.db import db
from webapp.sync import passing
from webapp.sync.passing import BROKEN, BUSY, NOT_THERE, REFUSED, TIMEOUT, Line, Unanswered
from webapp.web import problems
from webapp.web.problems import Problem
from webapp.web.requests import stop_reading

TAG = "Ad server"
FAILURES = frozenset({"remote_error", "remote_timeout", "unavailable", "refused"})
CODE_OF = {
    BUSY: "unavailable",
    TIMEOUT: "remote_timeout",
    REFUSED: "refused",
    NOT_THERE: "not_found",
    BROKEN: "remote_error",
}


def _listing(summary: str, rows: Any) -> Declaration:
    return Declaration(
        Scope.READ,
        TAG,
        summary,
        {200: rows},
        query=schemas.RemotePageQuery,
        errors=FAILURES,
        answer_headers=HEADERS,
    )


@operation(
    "GET", "/remote/advertisers", _listing("Advertisers there", list[schemas.RemoteAdvertiser])
)
def list_remote_advertisers(query: schemas.RemotePageQuery) -> ResponseReturnValue:
    """One page of the ad server's advertisers, just as it gives them.

    Each request is one call to the ad server and counts against its limit; `Link` leads on.
    """
    return _page(passing.advertisers_page, query)


@operation("GET", "/remote/campaigns", _listing("Campaigns there", list[schemas.RemoteCampaign]))
def list_remote_campaigns(query: schemas.RemotePageQuery) -> ResponseReturnValue:
    """One page of the ad server's campaigns, just as it gives them.

    Each request is one call to the ad server and counts against its limit; `Link` leads on.
    `GET /campaigns` has the same campaigns without asking the ad server.
    """
    return _page(passing.campaigns_page, query)


@operation(
    "GET",
    "/remote/campaigns/<remote_id>",
    Declaration(
        Scope.READ,
        TAG,
        "One campaign there",
        {200: schemas.RemoteCampaign},
        errors=FAILURES | {"not_found"},
    ),
)
def get_remote_campaign(remote_id: str) -> ResponseReturnValue:
    """The campaign with this id of the ad server's, read there now."""
    return jsonify(passing.one_campaign(line(), remote_id))


def line() -> Line:
    """The way to the ad server; from here on nothing of this request is held in the database."""
    db.session.rollback()
    # What is counted and logged of the call is written, also by a GET.
    stop_reading()
    return passing.open_line(current_app.config["SETTINGS"])


def _page(
    ask: Callable[[Line, int, int], passing.PassedPage], query: schemas.RemotePageQuery
) -> ResponseReturnValue:
    found = ask(line(), query.page, query.per_page)
    return bare_page(found.rows, query.page, query.per_page, found.total, more=found.has_next)


@blueprint.errorhandler(Unanswered)
def explain_unanswered(error: Unanswered) -> ResponseReturnValue:
    """The ad server's own status and request id stand beside ours."""
    headers: Mapping[str, str] = {}
    if error.retry_after is not None:
        headers = {"Retry-After": str(max(1, round(error.retry_after)))}
    remote = {"status": error.status, "request_id": error.request_id}
    return problems.answer(Problem(CODE_OF[error.kind], str(error), headers=headers, remote=remote))
