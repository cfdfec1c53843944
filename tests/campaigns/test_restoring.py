"""Bringing an earlier version back: what would change is shown, and an edit does it."""

import uuid

import pytest

from tests import factories
from tests.campaigns.form_work import edit_elsewhere, in_conflict, stored
from tests.campaigns.test_outgoing import waiting
from tests.factories import ACTOR
from tests.support.client import signed_in
from tests.support.pages import get_page
from webapp.audit import queries as audit
from webapp.audit import service as record
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns import queries, restoring, service
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.errors import InvalidInput, NotFound, StaleEdit

BUTTON = "Restore what is ticked"
MEGAPHONE = Actor("Megaphone", "sync")

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def campaign(db_session) -> Campaign:
    return factories.campaign(title="One", budget=(123_456, "USD"), copy_needed=False)


def version(campaign: Campaign) -> int:
    """The newest entry, as what the campaign is now."""
    return max(event.id for event in audit.events_of("campaign", campaign.id) if event.field)


def restored(campaign: Campaign, event_id: int, *groups: str) -> Campaign:
    shown = restoring.preview(campaign, event_id)
    chosen = groups or [each.group for each in shown.groups if each.is_possible]
    return restoring.restore(ACTOR, campaign, event_id, shown.version, chosen, uuid.uuid4())


def texts(campaign: Campaign, event_id: int) -> dict[str, tuple]:
    found = restoring.preview(campaign, event_id).groups
    return {g.group: (g.before, g.then, g.now) for g in found if len({g.before, g.then, g.now}) > 1}


def test_every_field_comes_back_as_it_was(campaign: Campaign) -> None:
    owner = factories.operator()
    other = factories.advertiser(name="Other")
    edit_elsewhere(
        campaign,
        title="Two",
        advertiser_id=other.id,
        external_id="PO-2",
        total_budget_minor=5_000,
        total_budget_currency="JPY",
        copy_needed=True,
        owner_id=owner.id,
        notes="Call\nfirst",
    )
    then = version(campaign)
    wanted = factories.values_of(stored(campaign))
    edit_elsewhere(
        campaign,
        title="Three",
        advertiser_id=factories.advertiser(name="Third").id,
        external_id="PO-3",
        total_budget_minor=None,
        total_budget_currency=None,
        copy_needed=False,
        owner_id=None,
        notes=None,
    )

    restored(stored(campaign), then)

    assert factories.values_of(stored(campaign)) == wanted
    newest = audit.events_of("campaign", campaign.id)[0]
    assert (newest.action, newest.source) == ("edited", "web")
    assert newest.reason.startswith("Restored as tester@example.com left it")
    assert set(waiting(stored(campaign)).fields) >= {"title", "budget", "advertiser"}


def test_what_was_nothing_is_nothing_again(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    edit_elsewhere(campaign, notes="x", external_id="PO-9")
    edit_elsewhere(campaign, total_budget_minor=None, total_budget_currency=None)
    restored(stored(campaign), then)
    now = stored(campaign)
    assert (now.notes, now.total_budget_minor, now.title) == (None, 123_456, "Two")


def test_before_then_and_now_are_shown_also_when_changed_since(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    edit_elsewhere(campaign, title="Three")
    edit_elsewhere(campaign, title="Four", notes="x")
    assert texts(campaign, then) == {"title": ("One", "Two", "Four"), "notes": (None, None, "x")}
    (title,) = (g for g in restoring.preview(campaign, then).groups if g.group == "title")
    assert (title.changed_by.before, title.changed_by.after) == ("Three", "Four")


def test_only_what_is_chosen_is_restored(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two", notes="a")
    then = version(campaign)
    edit_elsewhere(campaign, title="Three", notes="b")
    restored(stored(campaign), then, "notes")
    assert (stored(campaign).title, stored(campaign).notes) == ("Three", "a")


def test_what_was_only_seen_is_no_version(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    seen = [FieldChange("title", "Two", "Theirs")]
    record.record(MEGAPHONE, "conflict", service.subject(campaign), seen)
    record.record(ACTOR, "kept ours", service.subject(campaign), [FieldChange("title", "x", "Two")])
    db.session.flush()
    assert texts(campaign, then) == {"title": ("One", "Two", "Two")}
    with pytest.raises(NotFound):
        restoring.preview(campaign, version(campaign))


def test_what_nobody_can_tell_any_more_is_not_restored(campaign: Campaign) -> None:
    gone = factories.operator(email="gone@example.com")
    acme = factories.advertiser(name="Acme")
    edit_elsewhere(campaign, owner_id=gone.id, advertiser_id=acme.id)
    then = version(campaign)
    edit_elsewhere(campaign, owner_id=None, advertiser_id=factories.advertiser(name="B").id)
    gone.active = False
    factories.advertiser(name="Acme")
    db.session.flush()
    why = {g.group: g.blocked for g in restoring.preview(campaign, then).groups if g.blocked}
    assert why == {"owner": restoring.NO_OPERATOR, "advertiser": restoring.NO_ADVERTISER}
    with pytest.raises(InvalidInput, match="Nobody has that address"):
        restored(campaign, then, "owner")


def test_what_is_in_conflict_is_decided_first(db_session) -> None:
    campaign = in_conflict()
    then = version(campaign)
    edit_elsewhere(campaign, title="Two")
    record.record(
        ACTOR,
        "edited",
        service.subject(campaign),
        [FieldChange("budget", "USD 5,000.00", "USD 1.00")],
    )
    db.session.flush()
    with pytest.raises(InvalidInput, match="conflict"):
        restored(campaign, then, "budget")


def test_a_page_that_is_out_of_date_restores_nothing(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    drawn = restoring.preview(campaign, then).version
    edit_elsewhere(campaign, title="Three")
    with pytest.raises(StaleEdit):
        restoring.restore(ACTOR, campaign, then, drawn, ["title"], uuid.uuid4())


@pytest.mark.parametrize("groups", [[], ["nothing"], ["title", "x"]])
def test_what_it_does_not_know_is_refused(campaign: Campaign, groups: list[str]) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    edit_elsewhere(campaign, title="Three")
    with pytest.raises(InvalidInput):
        restoring.restore(ACTOR, campaign, then, campaign.version, groups, uuid.uuid4())


class TestPage:
    @pytest.fixture(autouse=True)
    def _three_versions(self, manager_client, campaign: Campaign) -> None:
        self.client, self.campaign = manager_client, campaign
        edit_elsewhere(campaign, title="Two", notes="a")
        edit_elsewhere(campaign, title="Three", notes="b")
        self.address = f"/campaigns/{campaign.uuid}"

    def link(self, page) -> str:
        return next(text for text in page.links if text.startswith("Restore this version"))

    def test_an_entry_of_the_timeline_leads_to_its_version_and_back(self) -> None:
        page = get_page(self.client, self.address)
        shown = page.follow(self.link(page))
        assert "Two" in shown.main.one("tbody").text
        after = shown.submit(BUTTON)
        assert after.h1 == "Two"
        assert stored(self.campaign).notes == "a"
        assert "Restored as" in after.text

    def test_what_is_now_offers_nothing(self) -> None:
        page = get_page(self.client, self.address)
        assert len([text for text in page.links if text.startswith("Restore this")]) == 1
        now = get_page(self.client, f"{self.address}/restore/{version(self.campaign)}")
        assert "There is nothing to restore" in now.text
        assert BUTTON not in now.text

    def test_an_edit_in_between_is_shown_before_anything_is_done(self) -> None:
        page = get_page(self.client, self.address)
        shown = page.follow(self.link(page))
        edit_elsewhere(stored(self.campaign), title="Four")
        again = shown.submit(BUTTON, status=409)
        assert "changed since this was drawn" in again.text
        assert "Four" in again.main.one("tbody").text
        assert stored(self.campaign).title == "Four"
        assert again.submit(BUTTON).h1 == "Two"

    def test_nothing_ticked_is_said(self) -> None:
        page = get_page(self.client, self.address)
        shown = page.follow(self.link(page))
        refused = shown.submit(BUTTON, {"group": None}, status=422)
        assert "Choose what to restore" in refused.text
        assert stored(self.campaign).title == "Three"

    def test_who_only_reads_is_not_offered_it(self, client, viewer) -> None:
        page = get_page(signed_in(client, viewer), self.address)
        assert not [text for text in page.links if text.startswith("Restore this")]

    def test_a_version_of_another_campaign_is_not_there(self) -> None:
        other = factories.campaign(title="Other")
        edit_elsewhere(other, title="Another")
        get_page(self.client, f"{self.address}/restore/{version(other)}", status=404)


def test_a_pulled_value_can_be_replaced_by_an_earlier_one(campaign: Campaign) -> None:
    edit_elsewhere(campaign, title="Two")
    then = version(campaign)
    record.record(
        MEGAPHONE, "changed", service.subject(campaign), [FieldChange("title", "Two", "Theirs")]
    )
    campaign.title = "Theirs"
    db.session.flush()
    restored(campaign, then)
    assert stored(campaign).title == "Two"
    assert queries.changes_of(campaign)[0].after["title"] == "Two"
