"""The campaign page, and what is done there with one press; the addresses of campaigns."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit import entries
from webapp.audit import queries as audit
from webapp.audit.actors import web_actor
from webapp.auth import queries as operators
from webapp.auth.access import may, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import (
    decide_views,
    edit_views,
    list_views,
    panel_views,
    progress,
    queries,
    restore_views,
    service,
    shown,
)
from webapp.core.db import transaction
from webapp.core.errors import NotFound
from webapp.web.htmx import wants_fragment

BOTH = ("GET", "POST")

blueprint = Blueprint("campaigns", __name__)
blueprint.add_url_rule("/campaigns", view_func=list_views.index)
blueprint.add_url_rule("/campaigns/suggest", view_func=list_views.suggest)
blueprint.add_url_rule("/campaigns/filters", view_func=panel_views.filters)
blueprint.add_url_rule("/campaigns/filters/suggest", view_func=panel_views.suggest_names)
blueprint.add_url_rule("/campaigns/columns", view_func=panel_views.choose_columns)
blueprint.add_url_rule("/campaigns/figures", view_func=panel_views.figures)
blueprint.add_url_rule("/campaigns/copy", view_func=panel_views.copy_as)
blueprint.add_url_rule("/campaigns/new", view_func=edit_views.new, methods=BOTH)
blueprint.add_url_rule("/campaigns/budget", view_func=edit_views.budget)
blueprint.add_url_rule("/campaigns/<uuid>/edit", view_func=edit_views.edit, methods=BOTH)
blueprint.add_url_rule("/campaigns/<uuid>/weigh", view_func=decide_views.weigh, methods=BOTH)
blueprint.add_url_rule(
    "/campaigns/<uuid>/restore/<int(max=2147483647):event_id>",
    view_func=restore_views.restore,
    methods=BOTH,
)
blueprint.add_url_rule(
    "/campaigns/<uuid>/conflicts", view_func=decide_views.conflicts, methods=BOTH
)


@blueprint.get("/campaigns/<uuid>")
@requires(Permission.READ)
def show(uuid: str) -> ResponseReturnValue:
    return _render("campaigns/show.html", uuid)


@blueprint.get("/campaigns/<uuid>/sync")
@requires(Permission.READ)
def sync_line(uuid: str) -> ResponseReturnValue:
    """What the campaign page asks for until its change has arrived."""
    if not wants_fragment():
        return redirect(url_for("campaigns.show", uuid=uuid))
    return _render("campaigns/_live.html", uuid)


def _render(template: str, uuid: str) -> str:
    campaign = queries.get_campaign(uuid)
    events = audit.events_of("campaign", campaign.id)
    conflicts = queries.open_conflicts(campaign)
    return render_template(
        template,
        campaign=campaign,
        progress=progress.progress_of(campaign, conflicts),
        conflicts=shown.conflicts_of(campaign, conflicts, events),
        entries=shown.timeline_of(campaign, events, may_restore=may(Permission.EDIT_CAMPAIGNS)),
        owner=operators.emails_of([campaign.owner_id]).get(campaign.owner_id or 0),
        back=edit_views.back(),
    )


@blueprint.post("/campaigns/<uuid>/archive")
@requires(Permission.EDIT_CAMPAIGNS)
def archive(uuid: str) -> ResponseReturnValue:
    with transaction():
        service.archive_campaign(web_actor(), queries.get_campaign(uuid))
    flash("Archived here. Megaphone has no archive and was not told.", "ok")
    return _to_campaign(uuid)


@blueprint.post("/campaigns/<uuid>/unarchive")
@requires(Permission.EDIT_CAMPAIGNS)
def unarchive(uuid: str) -> ResponseReturnValue:
    with transaction():
        service.unarchive_campaign(web_actor(), queries.get_campaign(uuid))
    flash("Back in the list of active campaigns. Nothing changed in Megaphone.", "ok")
    return _to_campaign(uuid)


@blueprint.post("/campaigns/<uuid>/book-again")
@requires(Permission.EDIT_CAMPAIGNS)
def book_again(uuid: str) -> ResponseReturnValue:
    try:
        with transaction():
            service.book_again(web_actor(), queries.get_campaign(uuid))
    except NotFound:
        flash("It is no longer in doubt. Look at what is there now.", "warn")
    else:
        flash("Booked again; it is on its way to Megaphone.", "ok")
    return _to_campaign(uuid)


def _to_campaign(uuid: str) -> ResponseReturnValue:
    return redirect(url_for("campaigns.show", uuid=uuid, back=edit_views.back()))


def _links(ids: set[int]) -> dict[int, str]:
    return {
        id_: url_for("campaigns.show", uuid=uuid) for id_, uuid in queries.uuids_of(ids).items()
    }


entries.link_objects("campaign", _links)
