"""What lines ask for: only what was typed, only what is not so already, and nothing misread."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchange.files import CAMPAIGN, KNOWN, cells_of, exported, retyped, saved
from webapp.core.money import CURRENCIES, MAX_MINOR
from webapp.exchange.facts import MOST_COMPARED, Facts
from webapp.exchange.reading import read_table
from webapp.exchange.wishes import ZEROS_LOST, Wish, wish_of

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
TRICKY = st.text(alphabet="'=+-@[]\t\r\n ,;\"0.aE", min_size=1)
NAMES = st.one_of(TEXTS, TRICKY).filter(bool)
MAYBE = st.none() | NAMES


@st.composite
def campaigns(draw: st.DrawFn) -> Facts:
    """Campaigns such as an ad server may hold: any texts, budgets in any currency or in none."""
    has_budget = draw(st.booleans())
    has_advertiser = draw(st.booleans())
    has_owner = draw(st.booleans())
    return CAMPAIGN._replace(
        title=draw(NAMES),
        external_id=draw(MAYBE),
        notes=draw(MAYBE),
        advertiser_id=draw(st.integers(1, 10**6)) if has_advertiser else None,
        advertiser_name=draw(NAMES) if has_advertiser else None,
        agency_name=draw(MAYBE) if has_advertiser else None,
        total_budget_minor=draw(st.integers(0, MAX_MINOR)) if has_budget else None,
        total_budget_currency=draw(st.sampled_from(CURRENCIES)) if has_budget else None,
        copy_needed=draw(st.booleans()),
        owner_id=5 if has_owner else None,
        owner_email=draw(NAMES) if has_owner else None,
        sync_detail=draw(MAYBE),
        booking_source=draw(MAYBE),
        archived_at=draw(st.none() | st.just("2026-01-01T00:00:00+00:00")),
    )


def wish(content: bytes, facts: Facts | None = CAMPAIGN, line: int = 0) -> Wish:
    table = read_table(content)
    return wish_of(table.lines[line], facts, KNOWN, has_decimal_comma=table.separator == ";")


NOTHING = Wish({}, [], [])


@given(campaigns())
def test_an_export_imported_again_asks_for_nothing(facts: Facts) -> None:
    assert wish(exported(facts), facts) == NOTHING


@given(campaigns(), st.sampled_from([",", ";", "\t"]), st.booleans(), st.booleans())
def test_nor_when_a_spreadsheet_has_saved_it(
    facts: Facts, separator: str, with_marks: bool, is_utf_16: bool
) -> None:
    rows = [[_line_breaks(cell) for cell in row] for row in cells_of(exported(facts))]
    if not with_marks:
        rows = [row[:-1] for row in rows]
    content = saved(rows, encoding="utf-16" if is_utf_16 else "utf-8-sig", delimiter=separator)
    assert wish(content, facts) == NOTHING


def _line_breaks(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


@given(campaigns(), campaigns())
def test_what_others_changed_meanwhile_is_left_alone(then: Facts, now: Facts) -> None:
    assert wish(exported(then), now) == NOTHING


def test_zeros_that_a_spreadsheet_drops_from_an_amount_are_no_change() -> None:
    assert wish(retyped(exported(CAMPAIGN), Budget="5000")) == NOTHING


def test_typed_cells_become_groups() -> None:
    content = retyped(
        exported(CAMPAIGN),
        Title="Summer",
        Advertiser_ID="8",
        External_ID="IO-8",
        Budget="6,000.50",
        Currency="eur",
        Ad_copy_needed="Yes",
        Owner="Other@example.com",
        Notes="a\r\nb",
        Archived="TRUE",
    )
    assert wish(content) == Wish(
        {
            "title": "Summer",
            "advertiser": 8,
            "external_id": "IO-8",
            "budget": [600_050, "EUR"],
            "copy_needed": True,
            "owner": 4,
            "notes": "a\nb",
            "archived": True,
        },
        [],
        [],
    )


def test_an_empty_cell_leaves_and_brackets_clear() -> None:
    empty = retyped(exported(CAMPAIGN), External_ID="", Budget="", Currency="", Owner="", Notes=" ")
    assert wish(empty) == NOTHING
    cleared = retyped(exported(CAMPAIGN), External_ID="[]", Budget="[]", Owner="[]", Notes="[]")
    found = wish(cleared)
    assert found.wanted == {"external_id": None, "budget": None, "owner": None, "notes": None}
    assert found.problems == []


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"Advertiser": "twin", "Agency": "Quay"}, {"advertiser": 9}),
        ({"Advertiser": "Twin"}, {"advertiser": 8}),
        ({"Budget": "7000"}, {"budget": [700_000, "USD"]}),
        ({"Budget": "$7\u00a0000,50"}, {"budget": [700_050, "USD"]}),
        ({"Currency": "EUR", "Budget": "7 000 €"}, {"budget": [700_000, "EUR"]}),
        ({"Currency": "JPY", "Budget": "5000"}, {"budget": [5000, "JPY"]}),
        ({"Currency": "GBP"}, {"budget": [500_000, "GBP"]}),
        ({"Title": "  Summer\n2026 "}, {"title": "Summer 2026"}),
        ({"Title": "'=Sum"}, {"title": "=Sum"}),
        ({"Title": "'[]"}, {"title": "[]"}),
    ],
)
def test_cells_are_read_as_they_are_meant(cells: dict[str, str], wanted: dict[str, Any]) -> None:
    assert wish(retyped(exported(CAMPAIGN), **cells)) == Wish(wanted, [], [])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"Title": "[]"}, "Title: It cannot be empty."),
        ({"Advertiser": "[]"}, "Advertiser: It cannot be empty."),
        ({"Advertiser": "Nobody"}, "Advertiser: There is none called “Nobody”."),
        ({"Advertiser": "Twin", "Agency": "Pier"}, "Agency: “Twin” is bought through “Harbor”,"),
        ({"Advertiser_ID": "99"}, "Advertiser ID: There is no advertiser 99."),
        ({"Advertiser_ID": "x"}, "Advertiser ID: There is no advertiser x."),
        ({"Advertiser_ID": "8", "Advertiser": "Other"}, "8 is “Twin”, and the name says “Other”."),
        ({"Budget": "1.234"}, "Budget: “1.234”: 1.234 can be read two ways."),
        ({"Budget": "much"}, "Budget: “much”: This is not an amount."),
        ({"Budget": "-5"}, "cannot be negative"),
        ({"Budget": "€5000"}, "says € (EUR), and its currency is USD."),
        ({"Budget": "12 50"}, "Blanks stand only between thousands"),
        ({"Currency": "XXQ"}, "Currency: There is no currency “XXQ”."),
        ({"Currency": "[]"}, "Currency: Clear “Budget” as well"),
        ({"Currency": "EUR", "Budget": ""}, "Budget: Fill in the amount"),
        ({"Ad_copy_needed": "maybe"}, "“maybe” is neither yes nor no."),
        ({"Owner": "x@example.com"}, "Owner: Nobody signs in here as “x@example.com”."),
        ({"External_ID": "1.23E+15"}, "looks like a long number"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_column(cells: dict[str, str], said: str) -> None:
    found = wish(retyped(exported(CAMPAIGN), **cells))
    assert len(found.problems) == 1
    assert said in found.problems[0]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"Advertiser": "Acmee"}, "There is none called “Acmee”. Did you mean “Acme”?"),
        ({"Advertiser": "tw"}, "Did you mean “Twin”?"),
        ({"Owner": "x@example.com"}, "Did you mean “owner@example.com” or “other@example.com”?"),
    ],
)
def test_names_that_may_have_been_meant_are_told(cells: dict[str, str], said: str) -> None:
    line = read_table(retyped(exported(CAMPAIGN), **cells)).lines[0]
    known = replace(KNOWN, compared={})
    found = wish_of(line, CAMPAIGN, known, has_decimal_comma=False)
    assert said in found.problems[0]


def test_only_the_first_few_wrong_names_are_compared_with_all_others() -> None:
    known = replace(KNOWN, compared={})
    assert known.buyers_like("Acmee") == ["Acme"]
    for number in range(MOST_COMPARED):
        known.buyers_like(f"{number}" * 1000)
    assert len(known.compared) == MOST_COMPARED
    assert known.buyers_like("Twinn") == []
    assert known.buyers_like("Acmee") == ["Acme"]


def test_every_wrong_cell_of_a_line_is_named() -> None:
    found = wish(retyped(exported(CAMPAIGN), Budget="much", Owner="nobody", Title="[]"))
    assert len(found.problems) == 3


def test_several_advertisers_of_one_name_are_told_apart_by_id() -> None:
    rows = [["Title", "Advertiser"], ["New", "Twin"]]
    found = wish(saved(rows), None)
    assert "8 (through Harbor), 9 (through Quay)" in found.problems[0]


def test_a_file_with_semicolons_has_commas_in_its_numbers() -> None:
    rows = cells_of(retyped(exported(CAMPAIGN), Budget="6.000,50"))
    assert wish(saved(rows, delimiter=";")).wanted == {"budget": [600_050, "USD"]}
    same = cells_of(retyped(exported(CAMPAIGN), Budget="5000,00"))
    assert wish(saved(same, delimiter=";")) == NOTHING
    assert "two ways" in wish(saved(same)).problems[0]


def test_both_changed_is_refused_and_says_what_is_there() -> None:
    now = CAMPAIGN._replace(title="Their spring", notes="Theirs")
    found = wish(retyped(exported(CAMPAIGN), Title="My spring", Owner="other@example.com"), now)
    assert len(found.problems) == 1
    assert "now “Their spring”" in found.problems[0]


def test_both_changed_to_the_same_is_no_change() -> None:
    now = CAMPAIGN._replace(title="Summer")
    assert wish(retyped(exported(CAMPAIGN), Title="Summer"), now) == NOTHING


@pytest.mark.parametrize("mark", ["", "m1.broken"])
def test_without_its_mark_a_line_is_taken_as_it_stands(mark: str) -> None:
    now = CAMPAIGN._replace(title="Their spring")
    found = wish(retyped(exported(CAMPAIGN), Row_mark=mark), now)
    assert found == Wish({"title": "Spring"}, [], [])


def test_zeros_that_a_spreadsheet_drops_from_an_id_are_not_taken_for_a_change() -> None:
    facts = CAMPAIGN._replace(external_id="00123")
    found = wish(retyped(exported(facts), External_ID="123", Title="Summer"), facts)
    assert found == Wish({"title": "Summer"}, [], [ZEROS_LOST])


def test_a_rounded_id_is_refused() -> None:
    facts = CAMPAIGN._replace(external_id="12345678901234567")
    assert wish(retyped(exported(facts), External_ID="12345678901234500"), facts).problems


def test_a_line_without_an_id_books_a_campaign() -> None:
    rows = [
        ["ID", "Title", "Advertiser", "Budget", "Currency", "Archived"],
        ["", "New", "Acme", "500", "USD", "no"],
    ]
    found = wish(saved(rows), None)
    assert found.problems == []
    assert found.wanted == {
        "title": "New",
        "advertiser": 7,
        "budget": [50_000, "USD"],
        "archived": False,
    }


def test_what_a_new_campaign_lacks_is_said() -> None:
    rows = [["ID", "Title", "Advertiser", "Budget"], ["", "", "", "500"]]
    said = " ".join(wish(saved(rows), None).problems)
    assert "Title: A new campaign needs one." in said
    assert "Advertiser: A new campaign needs one." in said
    assert "Currency: Fill in" in said
