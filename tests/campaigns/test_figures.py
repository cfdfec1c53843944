"""What stands under a budget while it is typed, and when a form asks whether it is meant."""

import pytest

from tests import factories
from tests.campaigns.form_work import BOOK, SAVE, edit_address, stored
from tests.support.pages import get_page
from webapp.campaigns.figures import figures, rise
from webapp.core.db import db

NOW = [450000, "USD"]


@pytest.mark.parametrize(
    ("text", "currency", "now", "words"),
    [
        ("5000", "USD", NOW, "USD 5,000.00 – now USD 4,500.00 (+11 %)"),
        ("4,500.00", "USD", NOW, "USD 4,500.00 – as it is now"),
        ("4400", "USD", NOW, "USD 4,400.00 – now USD 4,500.00 (-2.2 %)"),
        ("4500.01", "USD", NOW, "USD 4,500.01 – now USD 4,500.00 (less than 0.1 %)"),
        ("0", "USD", NOW, "USD 0.00 – now USD 4,500.00 (-100 %)"),
        ("0", "EUR", NOW, "EUR 0.00 – now USD 4,500.00, in another currency"),
        ("5000", "USD", None, "USD 5,000.00 – no budget now"),
        ("0", "USD", [0, "USD"], "USD 0.00 – as it is now"),
        ("5000", None, NOW, "5,000.00 – pick a currency"),
        ("", "USD", NOW, "No budget – now USD 4,500.00"),
        ("", None, None, ""),
        ("$ 4 600,00", "USD", NOW, "USD 4,600.00 – now USD 4,500.00 (+2.2 %)"),
        ("€5000", None, NOW, "5,000.00 – pick a currency"),
        ("1200000", "JPY", [1000000, "JPY"], "JPY 1,200,000 – now JPY 1,000,000 (+20 %)"),
    ],
)
def test_an_amount_stands_beside_the_one_that_is_there(text, currency, now, words) -> None:
    found = figures(text, currency, now)
    assert (found.words, found.problem, found.tick) == (words, None, None)


def test_of_a_new_campaign_there_is_nothing_to_compare() -> None:
    assert figures("9000000", "USD", None, is_new=True).words == "USD 9,000,000.00"
    assert figures("", None, None, is_new=True).words == ""


@pytest.mark.parametrize(
    ("minor", "asks"), [(675000, False), (675001, True), (900000, True), (45000000, True)]
)
def test_more_than_half_as_much_again_asks(minor: int, asks: bool) -> None:
    found = figures(f"{minor / 100:.2f}", "USD", NOW)
    assert bool(found.tick) == asks
    assert bool(found.question) == asks


@pytest.mark.parametrize(
    ("minor", "currency", "now", "question"),
    [
        (
            *(1_000_000_000, "KRW", [1000, "JPY"]),
            "change it from JPY 1,000 to KRW 1,000,000,000 (another currency: cannot be compared)",
        ),
        # Whether that is more, nobody can say.
        (
            *(100, "EUR", NOW),
            "change it from USD 4,500.00 to EUR 1.00 (another currency: cannot be compared)",
        ),
        (
            *(500_000_000, "USD", [0, "KRW"]),
            "change it from KRW 0 to USD 5,000,000.00 (another currency: cannot be compared)",
        ),
        (1, "USD", [0, "USD"], "raise it from USD 0.00 to USD 0.01 (there was 0)"),
    ],
)
def test_what_cannot_be_compared_asks_and_says_why(minor, currency, now, question) -> None:
    found = rise([minor, currency], now)
    assert found.question == f"Yes, {question}"
    assert found.tick == f"{minor} {currency}"


def test_a_first_budget_asks_nothing() -> None:
    assert rise([900_000_000, "USD"], None).tick is None


@pytest.mark.parametrize(
    ("text", "currency", "offered"),
    [
        ("1.234", "USD", {"1234": "USD 1,234.00", "1.23": "USD 1.23"}),
        ("12,50", "EUR", {"12.50": "EUR 12.50", "1250": "EUR 1,250.00"}),
        ("1.234", None, {"1234": "1,234.00", "1.23": "1.23"}),
        # A yen has no fraction: only one reading is left.
        ("1.234", "JPY", {"1234": "JPY 1,234"}),
        ("1 234,567", "USD", {"1234.56": "USD 1,234.56", "1234567": "USD 1,234,567.00"}),
        ("x", "USD", {}),
        ("€5000", "USD", {}),
    ],
)
def test_both_readings_of_an_amount_are_offered(text, currency, offered) -> None:
    found = figures(text, currency, NOW)
    assert found.problem
    assert {reading.text: reading.words for reading in found.readings} == offered


@pytest.fixture
def campaign(db_session):
    return factories.campaign(title="Spring", budget=(450000, "USD"))


def test_a_large_rise_is_saved_only_when_the_box_with_its_figures_is_ticked(
    manager_client, campaign
):
    form = get_page(manager_client, edit_address(campaign))

    page = form.submit(SAVE, {"total_budget": "9000", "title": "Summer"}, status=422)
    assert list(page.errors) == ["budget_tick"]
    assert "USD 9,000.00 – now USD 4,500.00 (+100 %)" in page.errors["budget_tick"]
    assert "Yes, raise it from USD 4,500.00 to USD 9,000.00 (+100 %)" in page.text
    assert page.form(SAVE).values["title"] == "Summer"
    assert stored(campaign).title == "Spring"

    # Ticked for one amount is not ticked for another.
    other = {"budget_tick": "900000 USD", "total_budget": "90000"}
    page = page.submit(SAVE, other, status=422)
    assert stored(campaign).total_budget_minor == 450000
    page = page.submit(SAVE, {"budget_tick": "9000000 USD"})
    assert page.h1 == "Summer"
    assert stored(campaign).total_budget_minor == 9000000


@pytest.mark.parametrize(
    ("before", "typed", "asked"),
    [
        ((1000, "JPY"), ("1000000000", "KRW"), "another currency is meant: KRW 1,000,000,000"),
        ((0, "KRW"), ("5000000", "KRW"), "a rise from 0 is meant: KRW 5,000,000"),
    ],
)
def test_what_cannot_be_compared_is_saved_only_when_ticked(
    manager_client, db_session, before, typed, asked
):
    campaign = factories.campaign(title="Spring", budget=before)
    values = {"total_budget": typed[0], "total_budget_currency": typed[1]}

    page = get_page(manager_client, edit_address(campaign)).submit(SAVE, values, status=422)

    assert f"Tick the box if {asked}" in page.errors["budget_tick"]
    assert stored(campaign).total_budget_minor == before[0]
    page.submit(SAVE, {"budget_tick": " ".join(typed)})
    after = stored(campaign)
    assert (str(after.total_budget_minor), after.total_budget_currency) == typed


def test_a_large_rise_beside_another_error_keeps_its_tick(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    page = form.submit(SAVE, {"total_budget": "9000"}, status=422)

    page = page.submit(SAVE, {"budget_tick": "900000 USD", "title": ""}, status=422)

    assert list(page.errors) == ["title"]
    assert page.form(SAVE).values["budget_tick"] == "900000 USD"


def test_a_large_budget_of_a_new_campaign_asks_nothing(manager_client):
    typed = {
        "title": "Spring",
        "advertiser_id": str(factories.advertiser().id),
        "total_budget": "9000000",
        "total_budget_currency": "USD",
    }
    assert get_page(manager_client, "/campaigns/new").submit(BOOK, typed).h1 == "Spring"


def test_blanks_that_do_not_break_are_blanks_in_an_amount(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))

    page = form.submit(SAVE, {"total_budget": "46\u00a050"}, status=422)
    assert "Blanks stand only between thousands" in page.errors["total_budget"]
    values = {"total_budget": "12\u00a050"}
    answer = manager_client.get("/campaigns/budget", query_string=values)
    assert "Blanks stand only between thousands" in answer.text

    form.submit(SAVE, {"total_budget": "4\u00a0650,00"})
    assert stored(campaign).total_budget_minor == 465000


def test_a_reading_that_is_offered_fills_in_and_saves_nothing(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    typed = {"title": "Summer", "total_budget": "5.100", "notes": "Kept"}

    page = form.submit(SAVE, typed, status=422)
    assert "Use USD 5,100.00" in page.form(SAVE).buttons
    data = page.form(SAVE).values | {"again": "reading:5100"}
    answer = manager_client.post(page.form(SAVE).action, data=data)

    assert answer.status_code == 200
    assert 'value="5100"' in answer.text
    assert 'value="Summer"' in answer.text
    assert "USD 5,100.00 – now USD 4,500.00 (+13 %)" in answer.text
    assert stored(campaign).title == "Spring"


def test_the_first_button_of_the_form_is_the_one_that_saves(manager_client, campaign):
    page = get_page(manager_client, edit_address(campaign))
    page = page.submit(SAVE, {"total_budget": "5.100"}, status=422)
    assert page.form(SAVE).buttons[0] == SAVE


def test_the_page_shows_the_figures_before_anything_is_typed(manager_client, campaign):
    page = get_page(manager_client, edit_address(campaign))
    assert "USD 4,500.00 – as it is now" in page.text


def test_the_figures_are_fetched_while_typing(manager_client, campaign):
    values = {
        "campaign": str(campaign.uuid),
        "total_budget": " 9000 ",
        "total_budget_currency": "USD",
    }
    answer = manager_client.get("/campaigns/budget", query_string=values)
    assert "USD 9,000.00 – now USD 4,500.00 (+100 %)" in answer.text
    assert 'value="900000 USD"' in answer.text

    answer = manager_client.get("/campaigns/budget", query_string={"total_budget": "1.234"})
    assert "two ways" in answer.text
    assert answer.text.count("<button") == 2


@pytest.mark.parametrize("text", ["x" * 5000, "9" * 300, "\x00", "1e999", "<script>"])
def test_whatever_is_typed_is_answered(manager_client, text):
    answer = manager_client.get(
        "/campaigns/budget", query_string={"total_budget": text, "total_budget_currency": text}
    )
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_the_figures_of_a_campaign_that_is_not_there_are_not_found(manager_client, db_session):
    assert manager_client.get("/campaigns/budget?campaign=nope").status_code == 404
    assert db.session.is_active
