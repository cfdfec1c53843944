"""Booking and editing: the form pages. Their addresses are in ``webapp.campaigns.views``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from webapp.advertisers import queries as advertisers
from webapp.audit import queries as audit
from webapp.audit.actors import web_actor
from webapp.auth.access import is_safe_target, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries, service
from webapp.campaigns.fields import LABELS, CampaignValues, readable, snapshot
from webapp.campaigns.forms import FIELD_OF, FIELD_OF_GROUP, CampaignForm
from webapp.campaigns.models import Campaign
from webapp.connections import queries as connections
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, KeyReused, StaleEdit

EVENTS_SEARCHED = 200

Save = Callable[[CampaignValues], Campaign]


@dataclass(frozen=True, slots=True)
class ThereNow:
    """What a field holds now, for someone whose form was drawn before it changed."""

    label: str
    value: str | None
    actor: str | None
    at: datetime | None
    typed: bool


def back() -> str | None:
    """Where the operator came from: a list as it was filtered, kept in the address."""
    target = request.args.get("back", "")
    return target if target and is_safe_target(target) else None


@requires(Permission.EDIT_CAMPAIGNS)
def new() -> ResponseReturnValue:
    connection = connections.first_connection()
    if connection is None:
        return render_template("campaigns/no_connection.html")
    form = CampaignForm(advertisers.advertiser_choices())
    saved, status = None, 200
    if form.validate_on_submit():
        try:
            saved, status = _save(
                form,
                lambda values: service.create_campaign(web_actor(), connection, values, form.key()),
            )
        except KeyReused as problem:
            return _form_page(form, 409, problem=problem, booked=queries.uuid_of_key(form.key()))
    if saved is None:
        return _form_page(form, 422 if form.errors else status)
    flash("Booked here. It is on its way to Megaphone.", "ok")
    return redirect(back() or url_for("campaigns.show", uuid=saved))


@requires(Permission.EDIT_CAMPAIGNS)
def edit(uuid: str) -> ResponseReturnValue:
    campaign = queries.get_campaign(uuid)
    form = CampaignForm(_choices_with_own(campaign), campaign)
    saved, status = None, 200
    if form.validate_on_submit():
        try:
            saved, status = _save(
                form,
                lambda values: service.edit_campaign(
                    web_actor(), campaign, values, form.seen_version(), form.key()
                ),
            )
        except StaleEdit as problem:
            campaign = queries.get_campaign(uuid)
            there_now = _redraw(form, campaign, problem)
            return _form_page(form, 409, campaign, problem=problem, there_now=there_now)
        except KeyReused as problem:
            return _form_page(form, 409, queries.get_campaign(uuid), problem=problem)
    if saved is None:
        return _form_page(form, 422 if form.errors else status, queries.get_campaign(uuid))
    flash("Saved here. What changed is on its way to Megaphone.", "ok")
    return redirect(back() or url_for("campaigns.show", uuid=saved))


def _save(form: CampaignForm, save: Save) -> tuple[UUID | None, int]:
    """The saved campaign, or ``None`` with the reasons at the form's fields."""
    values = form.values()
    if values is None:
        return None, 422
    try:
        with transaction():
            return save(values).uuid, 200
    except InvalidInput as problem:
        form.add_errors(problem.fields, FIELD_OF)
        return None, 422
    except IntegrityError:
        # The same form sent twice at once: the other request was first, and is found now.
        with transaction():
            return save(values).uuid, 200


def _form_page(
    form: CampaignForm,
    status: int,
    campaign: Campaign | None = None,
    *,
    problem: Exception | None = None,
    booked: UUID | None = None,
    there_now: Mapping[str, ThereNow] | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "campaigns/form.html",
        form=form,
        campaign=campaign,
        problem=problem,
        booked=booked,
        there_now=there_now or {},
        back=back(),
    )
    return page, status


def _choices_with_own(campaign: Campaign) -> list[tuple[int, str]]:
    choices = advertisers.advertiser_choices()
    own = campaign.advertiser
    if own and all(own.id != id_ for id_, _ in choices):
        choices.append((own.id, own.name))
    return choices


def _redraw(form: CampaignForm, campaign: Campaign, problem: StaleEdit) -> dict[str, ThereNow]:
    """Move the form on to what is stored; by field, what was changed meanwhile and by whom."""
    opened, now = form.opened_groups(), snapshot(campaign)
    mine = snapshot(form.values())
    changed = [
        group for group in problem.changed if group not in opened or opened[group] != now[group]
    ]
    untouched = [group for group in changed if group in opened and mine[group] == opened[group]]
    names = advertisers.names_of([now["advertiser"]])
    authors = {
        event.field: event
        for event in reversed(audit.events_of("campaign", campaign.id, EVENTS_SEARCHED))
    }
    form.move_on(campaign, dict.fromkeys(untouched))
    there_now = {}
    for group in changed:
        event = authors.get(LABELS[group])
        there_now[FIELD_OF_GROUP.get(group, group)] = ThereNow(
            label=LABELS[group],
            value=readable(group, now[group], names),
            actor=event.actor if event else None,
            at=event.at if event else None,
            typed=group not in untouched,
        )
    return there_now
