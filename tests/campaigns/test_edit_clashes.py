"""Two people on one form, and one form sent twice: nothing is overwritten that nobody saw."""

import pytest

from tests import factories
from tests.campaigns.form_work import (
    SAVE,
    SETTLE,
    edit_address,
    edit_elsewhere,
    in_conflict,
    move_theirs,
    stored,
)
from tests.support.pages import get_page
from webapp.audit import service as audit
from webapp.audit.service import FieldChange
from webapp.campaigns.models import Change
from webapp.campaigns.record import subject
from webapp.core.db import db
from webapp.sync.page import MEGAPHONE


@pytest.fixture
def campaign(db_session):
    return factories.campaign(title="Spring", budget=(450000, "USD"))


def clash(client, campaign, typed, **elsewhere):
    """The page that comes when a form is saved on which someone else saved meanwhile."""
    form = get_page(client, edit_address(campaign))
    edit_elsewhere(campaign, **elsewhere)
    return form.submit(SAVE, typed, status=409)


def choice(page, group):
    """The words of the group's fieldset, and which choice is made in it."""
    fieldset = page.root.one("fieldset", id=f"choice-{group}")
    checked = [radio["value"] for radio in fieldset.all("input", type="radio") if _is_on(radio)]
    return fieldset.text, checked


def _is_on(radio):
    return radio.has("checked")


def test_an_edit_on_top_of_someone_else_s_is_shown_not_saved(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)
    words, chosen = choice(page, "budget")

    assert "was changed since you opened it" in page.notices
    assert "from tester@example.com" in page.notices
    for part in ("When you opened it USD 4,500.00", "Yours USD 5,000.00", "There now USD 4,800.00"):
        assert part in words
    assert "tester@example.com" in words
    assert chosen == ["ours"]
    assert stored(campaign).total_budget_minor == 480000


@pytest.mark.parametrize(
    ("answer", "budget"),
    [
        ({}, 500000),
        ({"choice-budget": "theirs"}, 480000),
        ({"choice-budget": "typed", "total_budget": "4,950"}, 495000),
    ],
)
def test_what_is_chosen_is_saved(manager_client, campaign, answer, budget):
    page = clash(
        manager_client,
        campaign,
        {"total_budget": "5000", "external_id": "PO-9"},
        total_budget_minor=480000,
    )

    page = page.submit(SAVE, answer)

    assert page.url == f"/campaigns/{campaign.uuid}"
    after = stored(campaign)
    # What was typed besides is saved with it.
    assert (after.total_budget_minor, after.external_id) == (budget, "PO-9")


def test_what_only_the_other_changed_is_left_unless_chosen(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, title="Spring, renamed")

    assert choice(page, "title")[1] == ["theirs"]
    assert page.root.all("fieldset", id="choice-budget") == []
    page.submit(SAVE)
    after = stored(campaign)
    assert (after.title, after.total_budget_minor) == ("Spring, renamed", 500000)


def test_someone_who_saves_a_third_time_is_shown_again_with_the_move_marked(
    manager_client, campaign
):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)
    edit_elsewhere(campaign, total_budget_minor=470000)

    page = page.submit(SAVE, {"choice-budget": "typed", "total_budget": "4,950"}, status=409)
    words, chosen = choice(page, "budget")

    assert "There now USD 4,700.00 changed just now" in words
    assert "When you opened it USD 4,500.00" in words
    assert chosen == ["typed"]
    assert page.form(SAVE).values["total_budget"] == "4,950"
    assert stored(campaign).total_budget_minor == 470000
    page.submit(SAVE)
    assert stored(campaign).total_budget_minor == 495000


def test_a_broken_rule_is_told_where_it_is_weighed_and_what_was_typed_is_kept(
    manager_client, campaign
):
    long = "x" * 300
    page = clash(manager_client, campaign, {"title": long}, title="Summer")

    page = page.submit(SAVE, status=422)

    assert "the most is 255" in choice(page, "title")[0]
    assert page.form(SAVE).values["mine-title"] == long
    again = page.submit(SAVE, {"choice-title": "typed", "title": "Autumn"})
    assert again.h1 == "Autumn"


def test_a_broken_rule_in_a_field_that_nobody_else_touched_is_told_too(manager_client, campaign):
    typed = {"title": "Autumn", "external_id": "y" * 200}
    page = clash(manager_client, campaign, typed, title="Summer")

    page = page.submit(SAVE, status=422)

    assert "the most is 100" in choice(page, "external_id")[0]
    assert stored(campaign).title == "Summer"


def test_an_amount_that_cannot_be_read_is_told_at_its_choice(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)

    page = page.submit(SAVE, {"choice-budget": "typed", "total_budget": "1.234"}, status=422)

    assert "can be read two ways" in choice(page, "budget")[0]
    assert page.form(SAVE).values["total_budget"] == "1.234"


def test_a_field_in_conflict_with_megaphone_and_with_a_colleague_says_both(manager_client):
    campaign = in_conflict()
    form = get_page(manager_client, edit_address(campaign))
    edit_elsewhere(campaign, total_budget_minor=510000)
    # As a pull has it: the other value was seen, and ours is the colleague's still.
    factories.conflict(campaign, "budget", theirs=[480000, "USD"])
    seen = [FieldChange("budget", "USD 5,100.00", "USD 4,800.00")]
    audit.record(MEGAPHONE, "conflict", subject(campaign), seen)
    campaign.version += 1
    db.session.commit()

    page = form.submit(SAVE, {"total_budget": "5,200"}, status=409)

    words = choice(page, "budget")[0]
    assert "in conflict with Megaphone too, which has USD 4,800.00" in words
    assert "There now USD 5,100.00 tester@example.com," in words


def test_a_conflict_that_came_since_the_form_was_opened_is_weighed_first(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    move_theirs(campaign, "budget", [480000, "USD"])

    page = form.submit(SAVE, {"total_budget": "5,200"}, status=409)

    assert "which has USD 4,800.00" in choice(page, "budget")[0]
    assert stored(campaign).total_budget_minor == 450000


def test_who_typed_in_other_fields_only_has_nothing_to_weigh(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    move_theirs(campaign, "budget", [480000, "USD"])

    page = form.submit(SAVE, {"external_id": "PO-9"}, status=409)

    assert "save to go on" in page.notices
    page.submit(SAVE)
    assert stored(campaign).external_id == "PO-9"
    assert stored(campaign).sync_state == "conflict"


@pytest.mark.parametrize(
    "damage",
    [
        {"version": "x"},
        {"version": ""},
        {"opened": "{"},
        {"opened": "[1]"},
        {"opened": '{"budget": 5, "advertiser": 1e999, "title": [], "copy_needed": "x"}'},
        {"opened": "[" * 100_000},
    ],
)
def test_a_form_that_was_tampered_with_overwrites_nothing(manager_client, campaign, damage):
    page = clash(manager_client, campaign, {"title": "Autumn"} | damage, title="Summer")

    assert page.form(SAVE).values["mine-title"] == "Autumn"
    assert stored(campaign).title == "Summer"
    page.submit(SAVE)
    assert stored(campaign).title == "Autumn"


@pytest.mark.parametrize(
    "damage",
    [
        {"mine-total_budget": "x"},
        {"mine-total_budget": None, "mine-title": None, "mine-intent_key": "x"},
        {"shown": "{"},
        {"version": "0"},
        {"choice-title": "nonsense"},
        {"mine-opened": '{"title": 5}'},
    ],
)
def test_a_weighed_form_that_was_tampered_with_is_answered(manager_client, campaign, damage):
    manager_client.application.config["WTF_CSRF_ENABLED"] = False
    page = clash(manager_client, campaign, {"title": "Autumn"}, title="Summer")
    form = page.form(SAVE)
    data = {k: v for k, v in (form.values | damage).items() if v is not None}

    answer = manager_client.post(form.action, data=data)

    assert answer.status_code in (302, 409, 422)


def test_the_page_of_a_clash_opened_by_its_address_leads_to_the_form(manager_client, campaign):
    assert get_page(manager_client, f"/campaigns/{campaign.uuid}/weigh").h1 == "Edit campaign"


def test_a_weighed_form_sent_twice_is_one_change(manager_client, campaign):
    page = clash(manager_client, campaign, {"title": "Autumn"}, title="Summer")

    first, second = (page.submit(SAVE) for _ in range(2))

    assert first.url == second.url
    assert db.session.query(Change).count() == 2


def test_an_edit_sent_twice_is_one_change(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))

    first, second = (form.submit(SAVE, {"title": "Summer"}) for _ in range(2))

    assert first.url == second.url
    assert db.session.query(Change).count() == 1


def test_the_key_of_an_edit_with_other_values_changes_nothing_more(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    form.submit(SAVE, {"title": "Summer"})

    page = form.submit(SAVE, {"title": "Autumn"}, status=409)

    assert page.form(SAVE).values["title"] == "Autumn"
    assert page.follow("Open the form again").form(SAVE).values["title"] == "Summer"
    assert stored(campaign).title == "Summer"


def test_a_form_shows_theirs_beside_a_field_in_conflict_and_a_value_typed_there_settles_it(
    manager_client,
):
    campaign = in_conflict()

    page = get_page(manager_client, edit_address(campaign))
    assert "In conflict: Megaphone has USD 4,800.00" in page.text
    page = page.submit(SAVE, {"total_budget": "4900"})

    assert SETTLE not in page.text
    assert "Decide what holds" not in page.text
    assert stored(campaign).total_budget_minor == 490000
    assert stored(campaign).sync_state == "waiting"


def test_notes_that_a_colleague_saved_meanwhile_are_weighed(manager_client, campaign):
    page = clash(manager_client, campaign, {"notes": "Call first\nthen book"}, notes="Do not call")
    words, chosen = choice(page, "notes")

    assert "Yours Call first then book" in words
    assert "There now Do not call" in words
    assert chosen == ["ours"]
    assert stored(campaign).notes == "Do not call"
    page.submit(SAVE)
    assert stored(campaign).notes == "Call first\nthen book"


@pytest.mark.parametrize(("answer", "owner"), [("ours", "ana"), ("theirs", "bea"), ("typed", "")])
def test_an_owner_whom_a_colleague_set_meanwhile_is_weighed(
    manager_client, campaign, answer, owner
):
    people = {name: factories.operator(email=f"{name}@example.com") for name in ("ana", "bea")}
    typed = {"owner_id": str(people["ana"].id), "title": "Summer"}
    page = clash(manager_client, campaign, typed, owner_id=people["bea"].id)

    assert "Yours ana@example.com" in choice(page, "owner")[0]
    assert "There now bea@example.com" in choice(page, "owner")[0]
    page.submit(SAVE, {"choice-owner": answer, "owner_id": ""})

    after = stored(campaign)
    assert after.owner_id == (people[owner].id if owner else None)
    assert after.title == "Summer"
