"""The outbox: every outgoing change as a list, and each on a page of its own."""

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns.edit_views import back
from webapp.campaigns.models import READY
from webapp.changes import notices, parked_views, queries, shown, undo_views, verb_views, words
from webapp.core.clock import utc_now
from webapp.sync import forecast, request_log
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url
from webapp.web.settings import zone

blueprint = Blueprint("changes", __name__)

ONE = "/changes/<int(max=2147483647):change_id>"
for name, view in (
    ("hold", verb_views.hold),
    ("release", verb_views.release),
    ("cancel", verb_views.cancel),
    ("send-at", verb_views.send_at),
    ("find-out", verb_views.find_out),
):
    blueprint.add_url_rule(f"{ONE}/{name}", view_func=view, methods=["POST"])
blueprint.add_url_rule("/changes/bulk", view_func=verb_views.bulk, methods=["POST"])
blueprint.add_url_rule(f"{ONE}/undo", view_func=undo_views.undo, methods=["GET", "POST"])
blueprint.add_url_rule("/changes/parked/<uuid>", view_func=parked_views.parked)
blueprint.add_url_rule("/changes/parked/<uuid>", view_func=parked_views.settle, methods=["POST"])

CHOICES = {
    "state": words.STATE_CHOICES,
    "kind": words.KIND_CHOICES,
    "age": words.AGE_CHOICES,
}


@blueprint.get("/changes")
@requires(Permission.READ)
def index() -> ResponseReturnValue:
    params = list_params(queries.CHANGES)
    page, sending = queries.list_changes(params)
    is_fragment = wants_fragment()
    # A fragment needs the names only to say who is filtered for.
    is_asked = not is_fragment or "operator" in params.filters
    operators = queries.operator_choices() if is_asked else []
    address = list_url("changes.index", params.link(page=params.page))
    title = page.items[0].title if "campaign" in params.filters and page.items else None
    response = make_response(
        render_template(
            "changes/_renewed.html" if is_fragment else "changes/index.html",
            is_fragment=is_fragment,
            is_live=words.may_change(params.filters.get("state")),
            params=params,
            page=page,
            rows=shown.shown(page.items),
            connections=[(each.connection.id, each.connection.name) for each in sending],
            forecast=notices.forecast_line(sending),
            notices=notices.notices(sending),
            chips=shown.chips(params, dict(operators), title),
            operators=operators,
            choices=CHOICES,
            back=address,
        )
    )
    if is_fragment:
        # The address bar gets the tidy form of what the filter form sent.
        response.headers["HX-Push-Url"] = address
    return response


@blueprint.get(ONE)
@requires(Permission.READ)
def show(change_id: int) -> ResponseReturnValue:
    change = queries.get_change(change_id)
    item = shown.shown([queries.change_row(change_id)])[0]
    now = utc_now()
    return render_template(
        "changes/show.html",
        change=change,
        item=item,
        meaning=words.MEANINGS[change.state],
        sent=shown.sent_of(change),
        kept_back=shown.kept_back_of(change),
        calls=request_log.of_change(change_id),
        forecast=forecast.for_change(change) if change.state == READY else None,
        offered=shown.local_input(change.not_before or verb_views.tomorrow_morning(now)),
        zone_name=f"{now.astimezone(zone()):%Z}",
        back=back(),
    )
