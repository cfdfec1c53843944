"""Booking and editing: the form pages. Their addresses are in ``webapp.campaigns.views``."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from webapp.audit.actors import web_actor
from webapp.auth.access import is_safe_target, operator, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import choices, owners, queries, said, service, weighing
from webapp.campaigns.fields import CampaignValues, readable
from webapp.campaigns.figures import Figures
from webapp.campaigns.forms import FIELD_OF_GROUP, CampaignForm, Offered, as_copy, row_id
from webapp.campaigns.models import Campaign, Conflict
from webapp.campaigns.offers import choices_with_own, offered
from webapp.connections import queries as connections
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, KeyReused, StaleEdit
from webapp.core.money import plain_blanks
from webapp.web.forms import clean_text, drawn_again

MAX_SEARCH = 100

Save = Callable[[CampaignValues], Campaign]


def back() -> str | None:
    """Where the operator came from: a list as it was filtered, kept in the address."""
    target = request.args.get("back", "")
    return target if target and is_safe_target(target) else None


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def new() -> ResponseReturnValue:
    connection = connections.first_connection()
    if connection is None:
        return render_template("campaigns/no_connection.html")
    source = queries.get_campaign(request.args["copy"]) if "copy" in request.args else None
    form = _form(start=(as_copy(source) if source else {}) | {"owner_id": operator().id})
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
        return _form_page(form, 422 if form.errors else status, source=source)
    return after_saving(saved, said.BOOKED)


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def edit(uuid: str) -> ResponseReturnValue:
    campaign = queries.get_campaign(uuid)
    form = _form(campaign)
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
            other = CampaignForm(choices_with_own(campaign), campaign)
            return clash_answer(queries.get_campaign(uuid), form, other)
        except KeyReused as problem:
            return _form_page(form, 409, queries.get_campaign(uuid), problem=problem)
    if saved is None:
        return _form_page(form, 422 if form.errors else status, queries.get_campaign(uuid))
    return after_saving(saved, said.SAVED if queries.change_by_key(form.key()) else said.KEPT)


@requires(Permission.READ)
def budget() -> ResponseReturnValue:
    """A fragment: what the budget that is being typed means beside the one that is there."""
    uuid = request.args.get("campaign")
    form = CampaignForm(Offered((), ()), queries.get_campaign(uuid) if uuid else None)
    form.total_budget.data = str(clean_text(plain_blanks(request.args.get("total_budget", ""))))
    form.total_budget_currency.data = request.args.get("total_budget_currency", "")
    return render_template("campaigns/_budget.html", form=form, figures=form.figures())


def clash_answer(
    campaign: Campaign,
    mine: CampaignForm,
    form: CampaignForm,
    *,
    chosen: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    asked: Figures | None = None,
) -> ResponseReturnValue:
    """What was typed beside what someone saved meanwhile: nothing is overwritten unseen."""
    shown = weighing.shown_in(request.form)
    weighed = choices.clash_page(campaign, mine, form, shown, chosen or {}, errors or ())
    page = render_template(
        "campaigns/decide.html",
        campaign=campaign,
        weighed=choices.with_errors(weighed, errors or {}, form.budget_tick.data, asked),
        words=choices.CLASH,
        action=url_for("campaigns.weigh", uuid=campaign.uuid, back=back()),
        is_stale=not errors,
        back=back(),
    )
    return page, 422 if errors else 409


def after_saving(uuid: UUID, done: str = said.SAVED) -> ResponseReturnValue:
    """Say what becomes of it, and go back to where the operator came from: to the same row.

    A campaign that was booked from the page of another one is shown itself.
    """
    words, tone = said.after_saving(queries.get_campaign(str(uuid)), done)
    flash(words, tone)
    origin = back()
    if origin and origin.partition("?")[0] == url_for("campaigns.index"):
        return redirect(f"{origin}#c-{uuid}")
    if origin and done != said.BOOKED:
        return redirect(origin)
    return redirect(url_for("campaigns.show", uuid=uuid, back=origin))


def _form(campaign: Campaign | None = None, start: Mapping[str, Any] | None = None) -> CampaignForm:
    search = str(clean_text(request.form.get("advertiser_search", "")))[:MAX_SEARCH]
    lists = offered(campaign, search, row_id(request.form.get("advertiser_id", "")))
    form = CampaignForm(lists, campaign, start=start)
    form.read_as(drawn_again())
    if form.is_owner_typed:
        owners.read(form, drawn_again(), operator().id)
    return form


def _save(form: CampaignForm, save: Save) -> tuple[UUID | None, int]:
    """The saved campaign, or ``None`` with the reasons at the form's fields."""
    is_unclear, values = form.is_owner_unclear(), form.values()
    if is_unclear or values is None or form.asks_for_tick():
        return None, 422
    try:
        with transaction():
            return save(values).uuid, 200
    except InvalidInput as problem:
        form.add_errors(problem.fields, form.field_of())
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
    source: Campaign | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "campaigns/form.html",
        form=form,
        figures=form.figures(),
        campaign=campaign,
        source=source,
        problem=problem,
        booked=booked,
        again=drawn_again(),
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
