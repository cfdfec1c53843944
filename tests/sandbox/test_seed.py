"""Practice data: repeatable, believable, and quick to make and read in quantity."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from webapp.sandbox.ids import created_ms, new_uuid, stamp, uuid1_at
from webapp.sandbox.schema import MEMORY
from webapp.sandbox.seed import Plan, campaigns, sellers
from webapp.sandbox.state import State

NOW = datetime(2026, 11, 21, 12, 0, 0, 123000, UTC)
NOW_MS = 1795262400123


def plan(count: int = 2000, seed: int = 1) -> Plan:
    return Plan(count, 200, 30, seed, "9a22ee30-1a9f-11f0-b531-1b59096fa63d", NOW_MS)


def test_the_same_seed_gives_the_same_records() -> None:
    made = sellers(plan())
    assert made == sellers(plan())
    assert list(campaigns(plan(), made)) == list(campaigns(plan(), made))
    other = sellers(plan(seed=2))
    assert [each["name"] for each in made.agencies] != [each["name"] for each in other.agencies]


def test_ids_are_version_1_and_tell_when_the_record_was_made() -> None:
    made = sellers(plan())
    found = made.agencies + made.advertisers + list(campaigns(plan(), made))
    assert len({each["id"] for each in found}) == len(found) == 2230
    for each in found:
        assert UUID(each["id"]).version == 1
        assert stamp(created_ms(each["id"])) == each["createdAt"]


def test_dates_lie_in_the_last_18_months_and_in_order() -> None:
    made = list(campaigns(plan(), sellers(plan())))
    now = stamp(NOW_MS)
    oldest = stamp(NOW_MS - 549 * 24 * 3600 * 1000)
    assert [each["createdAt"] for each in made] == sorted(each["createdAt"] for each in made)
    assert all(oldest <= each["createdAt"] <= each["updatedAt"] <= now for each in made)


def test_money_and_copy_are_mixed_as_in_life() -> None:
    made = list(campaigns(plan(), sellers(plan())))
    currencies = Counter(each["totalBudgetCurrency"] for each in made)
    assert currencies["USD"] > 1200
    assert {"EUR", "GBP", "CAD", "AUD", "JPY", None} <= set(currencies)
    assert all(
        (each["totalBudgetCents"] is None) == (each["totalBudgetCurrency"] is None) for each in made
    )
    assert any(each["totalBudgetCents"] == 0 for each in made)
    assert all(each["totalRevenueCents"] >= 0 and each["totalRevenueCurrency"] for each in made)
    assert 200 < sum(each["copyNeeded"] for each in made) < 1000
    outside = [each["externalId"] for each in made]
    assert 400 < outside.count(None) < 800
    assert all(each is None or each.startswith("IO-") for each in outside)
    assert 1 < max(Counter(filter(None, outside)).values()) < 5


@pytest.mark.parametrize(
    ("script", "first", "last"),
    [
        ("Japanese", "\u3040", "\u30ff"),
        ("Arabic", "\u0600", "\u06ff"),
        ("Cyrillic", "\u0400", "\u04ff"),
        ("accents", "\u00c0", "\u017f"),
        ("emoji", "\U0001f300", "\U0001faff"),
    ],
)
def test_titles_come_in_many_scripts(script: str, first: str, last: str) -> None:
    titles = [each["title"] for each in campaigns(plan(), sellers(plan()))]
    assert any(first <= letter <= last for title in titles for letter in title), script
    assert all(0 < len(title) <= 255 for title in titles)


def test_some_names_repeat_under_another_agency_and_some_are_their_own() -> None:
    made = sellers(plan())
    agencies = {each["id"]: each["name"] for each in made.agencies}
    places: dict[str, set[str | None]] = {}
    for each in made.advertisers:
        places.setdefault(each["name"], set()).add(each["agencyId"])
    repeated = [name for name, ids in places.items() if len(ids) > 1]
    assert len(repeated) > 5
    own = [each for each in made.advertisers if agencies.get(each["agencyId"]) == each["name"]]
    assert len(own) == 10
    assert any(each["agencyId"] is None for each in made.advertisers)


@pytest.mark.parametrize("counts", [(0, 0, 0), (3, 1, 0), (3, 1, 1), (3, 2, 30), (3, 2500, 300)])
def test_any_sizes_go_together(counts: tuple[int, int, int]) -> None:
    state = State(MEMORY, lambda: NOW)
    state.reset(Plan(*counts, 1, "9a22ee30-1a9f-11f0-b531-1b59096fa63d", NOW_MS))
    assert [state.total(kind) for kind in ("campaigns", "advertisers", "agencies")] == list(counts)
    state.close()


def steps(state: State, offset: int) -> int:
    """How many steps of SQLite's machine a page takes: the same on every machine, busy or not."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    state.db.set_progress_handler(count, 1)
    try:
        assert len(state.page("campaigns", offset, 500)) == 500
    finally:
        state.db.set_progress_handler(None, 0)
    return taken


def test_a_page_costs_the_same_anywhere_in_any_number_of_campaigns() -> None:
    few, many = State(MEMORY, lambda: NOW), State(MEMORY, lambda: NOW)
    few.reset(plan(500))
    many.reset(plan(20_000))
    usual = steps(few, 0)
    assert 500 < usual < 10 * 500
    assert steps(many, 0) < usual * 1.1
    assert steps(many, 19_500) < usual * 1.1
    few.close()
    many.close()


def test_ids_made_now_are_unique_and_apart_from_seeded_ones() -> None:
    made = [new_uuid(NOW_MS) for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(created_ms(each) == NOW_MS for each in made)
    assert not set(made) & {uuid1_at(NOW_MS, tick) for tick in range(10_000)}
