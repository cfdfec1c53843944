"""The conflict page: every field changed on both sides, decided in one form as it was seen."""

import pytest

from tests import factories
from tests.campaigns.form_work import (
    SETTLE,
    conflicts_address,
    edit_elsewhere,
    in_conflict,
    move_theirs,
    stored,
)
from tests.campaigns.test_edit_clashes import choice
from tests.support.client import signed_in
from tests.support.pages import get_page
from webapp.audit.models import AuditEvent
from webapp.campaigns import decisions, queries
from webapp.campaigns.models import Change
from webapp.core.db import db


@pytest.fixture
def campaign(db_session):
    """In conflict in budget (4,500 agreed, 5,000 ours, 4,800 theirs) and title."""
    campaign = in_conflict(title="Ours")
    campaign.base = campaign.base | {"title": "Agreed"}
    factories.conflict(campaign, "title", theirs="Theirs")
    return campaign


BOTH_OURS = {"choice-budget": "ours", "choice-title": "ours"}


def settle(group, campaign):
    """A colleague takes theirs in one of the two fields."""
    conflicts = {each.field_group: each for each in queries.open_conflicts(campaign)}
    decisions.decide_conflict(factories.ACTOR, campaign, conflicts[group].id, "theirs")
    db.session.commit()


def actions(campaign):
    query = db.session.query(AuditEvent).filter_by(object_type="campaign", object_id=campaign.id)
    return [(e.action, e.field, e.before, e.after) for e in query.order_by(AuditEvent.id)][1:]


def test_three_columns_say_what_was_agreed_ours_and_theirs_with_author_and_time(
    manager_client, campaign
):
    page = get_page(manager_client, conflicts_address(campaign))
    words, chosen = choice(page, "budget")

    assert "Last agreed USD 4,500.00" in words
    assert "Ours USD 5,000.00 tester@example.com," in words
    assert "In Megaphone USD 4,800.00 seen" in words
    assert chosen == []
    assert "Theirs" in choice(page, "title")[0]


@pytest.mark.parametrize(
    ("answer", "budget", "fields"),
    [
        (BOTH_OURS, 500000, ["title", "budget"]),
        (BOTH_OURS | {"choice-budget": "theirs"}, 480000, ["title"]),
        (
            BOTH_OURS | {"choice-budget": "typed", "total_budget": "4,900"},
            490000,
            ["title", "budget"],
        ),
        (BOTH_OURS | {"choice-budget": "typed", "total_budget": "4,800"}, 480000, ["title"]),
    ],
)
def test_all_are_decided_at_once_and_only_what_differs_from_theirs_is_sent(
    manager_client, campaign, answer, budget, fields
):
    page = get_page(manager_client, conflicts_address(campaign)).submit(SETTLE, answer)

    after = stored(campaign)
    assert (after.total_budget_minor, after.title) == (budget, "Ours")
    assert after.base | {"title": "Theirs", "budget": [480000, "USD"]} == after.base
    assert queries.open_conflicts(after) == []
    assert db.session.query(Change).one().fields == fields
    assert after.sync_state == "waiting"
    assert "on its way to Megaphone" in page.notices
    assert page.url == f"/campaigns/{campaign.uuid}"


def test_what_is_sent_says_that_it_replaces_theirs(manager_client, campaign):
    get_page(manager_client, conflicts_address(campaign)).submit(SETTLE, BOTH_OURS)

    change = db.session.query(Change).one()
    assert change.before == {"budget": [480000, "USD"], "title": "Theirs"}
    assert change.after == {"budget": [500000, "USD"], "title": "Ours"}


def test_taking_theirs_everywhere_sends_nothing_and_says_so(manager_client, campaign):
    answer = {"choice-budget": "theirs", "choice-title": "theirs"}

    page = get_page(manager_client, conflicts_address(campaign)).submit(SETTLE, answer)

    assert "nothing new to send" in page.notices
    assert db.session.query(Change).count() == 0
    assert stored(campaign).title_key == "theirs"
    assert stored(campaign).sync_state == "confirmed"


def test_the_record_says_who_chose_what(manager_client, campaign):
    answer = {"choice-budget": "typed", "total_budget": "4,900", "choice-title": "theirs"}

    get_page(manager_client, conflicts_address(campaign)).submit(SETTLE, answer)

    assert actions(campaign) == [
        ("kept theirs", "title", "Ours", "Theirs"),
        ("settled conflict", "budget", "USD 5,000.00", "USD 4,900.00"),
    ]
    assert db.session.query(AuditEvent).order_by(AuditEvent.id.desc()).first().actor == (
        "manager@example.com"
    )


def test_theirs_that_moved_on_is_drawn_anew_and_what_was_typed_is_kept(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    move_theirs(campaign, "budget", [470000, "USD"])
    answer = {"choice-title": "ours", "choice-budget": "typed", "total_budget": "4,900"}

    page = page.submit(SETTLE, answer, status=409)
    words, chosen = choice(page, "budget")

    assert "It changed while you were deciding" in page.notices
    assert "USD 4,700.00 changed just now" in words
    assert "changed just now" not in choice(page, "title")[0]
    assert chosen == ["typed"]
    assert page.form(SETTLE).values["total_budget"] == "4,900"
    assert (stored(campaign).total_budget_minor, stored(campaign).title) == (500000, "Ours")
    page.submit(SETTLE)
    assert stored(campaign).total_budget_minor == 490000


def test_ours_that_moved_on_is_drawn_anew(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    campaign.total_budget_minor, campaign.version = 510000, 2
    db.session.commit()

    page = page.submit(SETTLE, BOTH_OURS, status=409)

    assert "Ours USD 5,100.00 changed just now" in choice(page, "budget")[0]
    assert len(queries.open_conflicts(stored(campaign))) == 2


def test_another_field_edited_meanwhile_is_no_reason_to_ask_again(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    edit_elsewhere(campaign, external_id="PO-1")

    page.submit(SETTLE, BOTH_OURS)

    assert queries.open_conflicts(stored(campaign)) == []
    assert stored(campaign).external_id == "PO-1"


def test_what_a_colleague_has_settled_is_not_settled_again(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    page.submit(SETTLE, {"choice-budget": "theirs", "choice-title": "theirs"})
    other = get_page(manager_client, f"/campaigns/{campaign.uuid}")

    form = page.form(SETTLE)
    data = form.values | BOTH_OURS | {"intent_key": ""}
    answer = manager_client.post(form.action, data=data, headers={"Referer": page.url})

    assert answer.status_code == 302
    assert "Decide what holds" not in other.text
    assert stored(campaign).total_budget_minor == 480000


def test_one_field_settled_meanwhile_is_said_and_the_other_is_asked_again(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    settle("budget", campaign)

    page = page.submit(SETTLE, BOTH_OURS, status=409)

    said = "Budget was settled meanwhile by tester@example.com: it is USD 4,800.00 now."
    assert said in page.notices
    assert choice(page, "title")[1] == ["ours"]
    page = page.submit(SETTLE)
    assert stored(campaign).total_budget_minor == 480000
    assert queries.open_conflicts(stored(campaign)) == []


def test_everything_settled_meanwhile_is_said_on_the_campaign_s_page(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    settle("budget", campaign)
    settle("title", campaign)

    page = page.submit(SETTLE, BOTH_OURS)

    assert page.url == f"/campaigns/{campaign.uuid}"
    assert "Title was settled meanwhile by tester@example.com: it is Theirs now." in page.notices
    assert stored(campaign).total_budget_minor == 480000


def test_the_form_sent_twice_decides_once(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))

    first, second = (page.submit(SETTLE, BOTH_OURS) for _ in range(2))

    assert first.url == second.url
    assert db.session.query(Change).count() == 1


def test_a_field_without_a_choice_is_told_and_the_others_are_kept(manager_client, campaign):
    page = get_page(manager_client, conflicts_address(campaign))

    page = page.submit(SETTLE, {"choice-title": "theirs"}, status=422)

    assert "Budget: Choose what holds." in page.notices
    assert choice(page, "title")[1] == ["theirs"]
    assert page.title.startswith("Error: ")
    assert len(queries.open_conflicts(stored(campaign))) == 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"choice-budget": "typed", "total_budget": "1.234"}, "can be read two ways"),
        (
            {"choice-budget": "typed", "total_budget": "5", "total_budget_currency": ""},
            "Pick a currency for the budget.",
        ),
        ({"choice-title": "typed", "title": "x" * 300}, "the most is 255"),
        ({"choice-title": "typed", "title": ""}, "Enter a title."),
    ],
)
def test_another_value_is_judged_like_in_the_form(manager_client, campaign, typed, words):
    page = get_page(manager_client, conflicts_address(campaign))

    page = page.submit(SETTLE, BOTH_OURS | typed, status=422)

    group = next(name for name in typed if name.startswith("choice-"))
    assert words in choice(page, group.removeprefix("choice-"))[0]
    assert len(queries.open_conflicts(stored(campaign))) == 2


def test_ad_copy_offers_no_third_value(manager_client):
    campaign = factories.campaign(copy_needed=True)
    factories.conflict(campaign, "copy_needed", theirs=False)

    page = get_page(manager_client, conflicts_address(campaign))

    assert "Another value" not in choice(page, "copy_needed")[0]
    page.submit(SETTLE, {"choice-copy_needed": "theirs"})
    assert stored(campaign).copy_needed is False


@pytest.mark.parametrize("seen", ["", "{", "[]", "5", '{"title": {}}', '{"budget": {"id": "x"}}'])
def test_a_form_that_was_tampered_with_decides_nothing(manager_client, campaign, seen):
    page = get_page(manager_client, conflicts_address(campaign))

    page.submit(SETTLE, BOTH_OURS | {"seen": seen}, status=409)

    assert len(queries.open_conflicts(stored(campaign))) == 2


def test_a_campaign_without_conflict_leads_back_to_its_page(manager_client):
    campaign = factories.campaign(title="Calm")

    page = get_page(manager_client, conflicts_address(campaign))

    assert page.h1 == "Calm"
    assert "Nothing of this campaign is in conflict any more" in page.notices


def test_a_viewer_decides_nothing_even_with_the_form_of_a_manager(manager_client, viewer, campaign):
    page = get_page(manager_client, conflicts_address(campaign))
    signed_in(manager_client, viewer)

    answer = page.submit(SETTLE, BOTH_OURS, status=403)

    assert "may not" in answer.text
    get_page(manager_client, conflicts_address(campaign), status=403)
    assert len(queries.open_conflicts(stored(campaign))) == 2
    assert db.session.query(Change).count() == 0


def test_it_returns_to_where_one_came_from(manager_client, campaign):
    page = get_page(manager_client, f"{conflicts_address(campaign)}?back=/campaigns?sync=conflict")

    assert page.submit(SETTLE, BOTH_OURS).url == "/campaigns?sync=conflict"
