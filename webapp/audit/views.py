"""The timeline: everything that happened, newest first."""

from flask import Blueprint, render_template, request

from webapp.audit import entries, queries
from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("audit", __name__)

MAX_ID_DIGITS = 9


@blueprint.get("/timeline")
@requires(Permission.READ)
def index() -> str:
    before = request.args.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) <= MAX_ID_DIGITS
    # One more than a page shows whether there are older ones.
    events = queries.latest_events(int(before) if is_number else None, queries.PAGE + 1)
    shown = events[: queries.PAGE]
    return render_template(
        "audit/index.html",
        entries=entries.entries_with_objects(shown),
        older=shown[-1].id if len(events) > queries.PAGE else None,
        is_first=not is_number,
        note=bool(before) and not is_number,
    )
