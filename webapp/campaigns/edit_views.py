"""Booking and editing: the form pages. Their addresses are in ``webapp.campaigns.views``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from webapp.advertisers import queries as advertisers
from webapp.audit.actors import web_actor
from webapp.auth import queries as operators
from webapp.auth.access import is_safe_target, operator, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import choices, queries, said, service, weighing
from webapp.campaigns.fields import CampaignValues, readable
from webapp.campaigns.forms import FIELD_OF, FIELD_OF_GROUP, CampaignForm, Offered
from webapp.campaigns.models import Campaign, Conflict
from webapp.connections import queries as connections
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, KeyReused, StaleEdit

Save = Callable[[CampaignValues], Campaign]


def back() -> str | None:
    """Where the operator came from: a list as it was filtered, kept in the address."""
    target = request.args.get("back", "")
    return target if target and is_safe_target(target) else None


@requires(Permission.EDIT_CAMPAIGNS)
def new() -> ResponseReturnValue:
    connection = connections.first_connection()
    if connection is None:
        return render_template("campaigns/no_connection.html")
    form = CampaignForm(choices_with_own(), start={"owner_id": operator().id})
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
    return after_saving(saved, said.BOOKED)


@requires(Permission.EDIT_CAMPAIGNS)
def edit(uuid: str) -> ResponseReturnValue:
    campaign = queries.get_campaign(uuid)
    form = CampaignForm(choices_with_own(campaign), campaign)
    saved, status = None, 200
    if form.validate_on_submit():
        try:
            saved, status = _save(
                form,
                lambda values: service.edit_campaign(
                    web_actor(), campaign, values, form.seen_version(), form.key()
                ),
            )
        except StaleEdit:
            return clash_answer(queries.get_campaign(uuid), form, form)
        except KeyReused as problem:
            return _form_page(form, 409, queries.get_campaign(uuid), problem=problem)
    if saved is None:
        return _form_page(form, 422 if form.errors else status, queries.get_campaign(uuid))
    return after_saving(saved)


def clash_answer(
    campaign: Campaign,
    mine: CampaignForm,
    form: CampaignForm,
    *,
    chosen: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """What was typed beside what someone saved meanwhile: nothing is overwritten unseen."""
    shown = weighing.shown_in(request.form)
    weighed = choices.clash_page(campaign, mine, form, shown, chosen or {}, errors or ())
    page = render_template(
        "campaigns/decide.html",
        campaign=campaign,
        weighed=choices.with_errors(weighed, errors or {}),
        words=choices.CLASH,
        action=url_for("campaigns.weigh", uuid=campaign.uuid, back=back()),
        is_stale=not errors,
        back=back(),
    )
    return page, 422 if errors else 409


def after_saving(uuid: UUID, done: str = said.SAVED) -> ResponseReturnValue:
    """Say what becomes of it, and go back to where the operator came from."""
    words, tone = said.after_saving(queries.get_campaign(str(uuid)), done)
    flash(words, tone)
    return redirect(back() or url_for("campaigns.show", uuid=uuid))


def choices_with_own(campaign: Campaign | None = None) -> Offered:
    """What there is to pick from, and the campaign's own where it is not listed."""
    offered = Offered(advertisers.advertiser_choices(), operators.operator_choices())
    if campaign is None:
        return offered
    return Offered(
        _with(offered.advertisers, advertisers.names_of([campaign.advertiser_id])),
        _with(offered.owners, operators.emails_of([campaign.owner_id])),
    )


def _with(found: Sequence[tuple[int, str]], own: Mapping[int, str]) -> Sequence[tuple[int, str]]:
    listed = {id_ for id_, _ in found}
    return [*found, *((id_, words) for id_, words in own.items() if id_ not in listed)]


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
) -> ResponseReturnValue:
    page = render_template(
        "campaigns/form.html",
        form=form,
        campaign=campaign,
        problem=problem,
        booked=booked,
        theirs=_theirs(queries.open_conflicts(campaign)) if campaign else {},
        back=back(),
    )
    return page, status


def _theirs(conflicts: Iterable[Conflict]) -> dict[str, tuple[str | None, Conflict]]:
    """By field of the form, what Megaphone has of a group in conflict."""
    found = {}
    for conflict in conflicts:
        group = conflict.field_group
        names = choices.names_in({group: conflict.theirs})
        found[FIELD_OF_GROUP.get(group, group)] = (
            readable(group, conflict.theirs, names),
            conflict,
        )
    return found
