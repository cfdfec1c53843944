"""Pages on which two values are weighed. Their addresses are in ``webapp.campaigns.views``."""

from collections.abc import Mapping
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import choices, decisions, queries, service, weighing
from webapp.campaigns.decisions import THEIRS, TYPED, Decision
from webapp.campaigns.edit_views import after_saving, back, clash_answer
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.figures import Figures
from webapp.campaigns.forms import GROUP_OF, MINE, CampaignForm
from webapp.campaigns.models import Campaign
from webapp.campaigns.offers import choices_with_own
from webapp.campaigns.weighing import LargeRise
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, StaleEdit
from webapp.web.forms import drawn_again


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def conflicts(uuid: str) -> ResponseReturnValue:
    """The fields that were changed here and in the ad server; all are settled in one form."""
    campaign = queries.get_campaign(uuid)
    form = CampaignForm(choices_with_own(campaign), campaign)
    if request.method == "GET" or drawn_again():
        return _page(campaign, form, 200)
    seen, chosen = weighing.seen_in(request.form), weighing.choices_in(request.form)
    unchosen = weighing.missing(seen, chosen)
    if not seen or unchosen:
        return _page(campaign, form, 422 if unchosen else 409, unchosen)
    try:
        made = {group: _decision(form, group, seen[group], chosen[group]) for group in seen}
        _check_rise(campaign, form, made.get("budget"))
        with transaction():
            decisions.decide(web_actor(), campaign, made, form.key())
    except InvalidInput as problem:
        again = queries.get_campaign(uuid)
        return _page(again, form, 422, _by_group(problem), _asked(problem))
    except StaleEdit:
        return _page(queries.get_campaign(uuid), form, 409)
    return after_saving(campaign.uuid)


@requires(Permission.EDIT_CAMPAIGNS, keeps_typed=True)
def weigh(uuid: str) -> ResponseReturnValue:
    """Save a form that was out of date, the way it was weighed against what is there."""
    campaign = queries.get_campaign(uuid)
    offered = choices_with_own(campaign)
    mine, form = CampaignForm(offered, campaign, prefix=MINE), CampaignForm(offered, campaign)
    if request.method == "GET" or mine.values() is None:
        # Someone reloads the page, or came back to it from elsewhere.
        return redirect(url_for("campaigns.edit", uuid=uuid, back=back()))
    chosen = weighing.choices_in(request.form)
    if drawn_again():
        return clash_answer(campaign, mine, form, chosen=chosen)
    try:
        now = editable(campaign)
        wanted = weighing.merged(mine, form, now, chosen)
        weighing.check_rise(wanted["budget"], now["budget"], _ticked(mine, form))
        with transaction():
            service.edit_campaign(
                web_actor(), campaign, values_of(wanted), form.seen_version(), mine.key()
            )
    except InvalidInput as problem:
        return clash_answer(
            queries.get_campaign(uuid),
            mine,
            form,
            chosen=chosen,
            errors=_by_group(problem),
            asked=_asked(problem),
        )
    except StaleEdit:
        return clash_answer(queries.get_campaign(uuid), mine, form, chosen=chosen)
    return after_saving(campaign.uuid)


def _decision(form: CampaignForm, group: str, seen: Decision, choice: str) -> Decision:
    value = weighing.typed_value(form, group) if choice == TYPED else None
    return replace(seen, choice=choice, value=value)


def _check_rise(campaign: Campaign, form: CampaignForm, decision: Decision | None) -> None:
    """Against what is in Megaphone: that is what it would replace. Raises ``LargeRise``."""
    now = next((c for c in queries.open_conflicts(campaign) if c.field_group == "budget"), None)
    # One that moved since is weighed anew first.
    if decision and now and now.id == decision.conflict_id and decision.choice != THEIRS:
        wanted = decision.value if decision.choice == TYPED else decision.ours
        weighing.check_rise(wanted, now.theirs, _ticked(form))


def _ticked(*forms: CampaignForm) -> list[str]:
    return [form.budget_tick.data for form in forms if form.budget_tick.data]


def _asked(problem: InvalidInput) -> Figures | None:
    return problem.asked if isinstance(problem, LargeRise) else None


def _by_group(problem: InvalidInput) -> dict[str, str]:
    return {GROUP_OF.get(name, name): message for name, message in problem.fields.items()}


def _page(
    campaign: Campaign,
    form: CampaignForm,
    status: int,
    errors: Mapping[str, str] | None = None,
    asked: Figures | None = None,
) -> ResponseReturnValue:
    seen, chosen = weighing.seen_in(request.form), weighing.choices_in(request.form)
    weighed = choices.conflict_page(campaign, form, seen, chosen)
    settled = choices.settled_meanwhile(campaign, seen)
    if not weighed.groups:
        for words in settled or ["Nothing of this campaign is in conflict any more."]:
            flash(words, "warn" if settled else "ok")
        return redirect(back() or url_for("campaigns.show", uuid=campaign.uuid))
    page = render_template(
        "campaigns/decide.html",
        campaign=campaign,
        weighed=choices.with_errors(weighed, errors or {}, form.budget_tick.data, asked),
        words=choices.CONFLICT,
        action=url_for("campaigns.conflicts", uuid=campaign.uuid, back=back()),
        is_stale=status == 409,
        settled=settled,
        back=back(),
    )
    return page, status
