"""The list of campaigns: which rows, in which order, how many, and at what cost."""

import uuid

import pytest

from tests import factories
from tests.support.statements import count_statements
from webapp.campaigns import api_rows, listing, queries
from webapp.campaigns.models import CHANGE_STATES, SYNC_STATES, Campaign
from webapp.connections.models import DETACHED
from webapp.core.errors import NotFound
from webapp.core.listing import COUNT_CAP, Page

ORDERS = [f"{sign}{name}" for name in listing.CAMPAIGNS.sorts for sign in ("", "-")]


def listed(**args: str) -> Page:
    return listing.list_campaigns(listing.CAMPAIGNS.parse(args))


def titles(**args: str) -> list[str]:
    return [row.title for row in listed(**args).items]


@pytest.mark.parametrize("order", ORDERS)
def test_walking_all_pages_meets_every_row_once_whatever_is_equal(db_session, order: str) -> None:
    # Three rows in a row are alike in everything that can be sorted by.
    made = factories.campaigns(
        80,
        title=lambda n: f"Title {n // 27}",
        external_id=lambda n: f"X{n // 27}",
        total_budget_minor=lambda n: 100 * (n // 27),
        total_budget_currency="USD",
        sync_state=lambda n: ("confirmed", "waiting", "gone")[n // 27],
        changed_at=factories.SOME_DAY,
    )

    pages = [listed(sort=order, per_page="25", page=str(number)) for number in range(1, 5)]
    met = [row.id for page in pages for row in page.items]

    assert sorted(met) == sorted(made)
    assert [len(page.items) for page in pages] == [25, 25, 25, 5]
    assert {page.total for page in pages} == {80}


def test_titles_sort_without_case_and_accents(db_session) -> None:
    for title in ("zebra", "Äpfel", "apple", "Zoo", "42 things", "Über", "播客"):
        factories.campaign(title=title)
    expected = ["42 things", "Äpfel", "apple", "Über", "zebra", "Zoo", "播客"]

    assert titles(sort="title") == expected
    assert titles(sort="-title") == expected[::-1]


def test_budgets_sort_by_currency_then_amount_and_none_comes_first(db_session) -> None:
    budgets = [(500, "USD"), (90_000, "USD"), (1000, "JPY"), None, (20, "JPY"), (0, "USD")]
    for budget in budgets:
        factories.campaign(budget=budget)

    rows = listed(sort="budget").items
    found = [(row.total_budget_minor, row.total_budget_currency) for row in rows]
    assert found == [
        *((None, None), (20, "JPY"), (1000, "JPY")),
        *((0, "USD"), (500, "USD"), (90_000, "USD")),
    ]


def test_the_latest_change_comes_first_unless_asked_otherwise(db_session) -> None:
    for title in ("first", "second", "third"):
        factories.campaign(title=title)
    assert titles() == ["third", "second", "first"]


def test_filters_narrow_the_list_and_can_be_combined(db_session) -> None:
    acme = factories.advertiser(name="Acme")
    other = factories.advertiser(name="Other")
    factories.campaign(title="acme", advertiser_id=acme.id)
    factories.campaign(title="acme parked", advertiser_id=acme.id, sync_state="parked")
    factories.campaign(title="other parked", advertiser_id=other.id, sync_state="parked")
    factories.campaign(title="other refused", advertiser_id=other.id, sync_state="refused")

    assert set(titles(advertiser=str(acme.id))) == {"acme", "acme parked"}
    assert set(titles(sync="parked")) == {"acme parked", "other parked"}
    assert titles(sync="parked", advertiser=str(acme.id)) == ["acme parked"]
    assert set(titles(sync="needs_you")) == {"acme parked", "other parked", "other refused"}
    assert titles(advertiser="999999999") == []
    assert set(titles(sync="needs_you", q="other")) == {"other parked", "other refused"}


@pytest.mark.parametrize("state", SYNC_STATES)
def test_every_sync_state_can_be_filtered_by(db_session, state: str) -> None:
    for known in SYNC_STATES:
        factories.campaign(title=known, sync_state=known)
    assert titles(sync=state) == [state]


@pytest.mark.parametrize(
    "args",
    [
        {"advertiser": "x"},
        {"advertiser": "-1"},
        {"advertiser": "9" * 30},
        {"advertiser": "٣"},
        {"archived": "maybe"},
        {"sync": "' OR 1=1 --"},
    ],
)
def test_an_unusable_filter_is_left_out_with_a_note(db_session, args: dict[str, str]) -> None:
    factories.campaign()
    params = listing.CAMPAIGNS.parse(args)
    assert listing.list_campaigns(params).total == 1
    assert len(params.notes) == 1


def test_archived_rows_are_left_out_but_never_a_black_hole(db_session) -> None:
    factories.campaign(title="news live")
    factories.campaign(title="news old", archived_at=factories.SOME_DAY)
    factories.campaign(title="sport old", archived_at=factories.SOME_DAY)

    def archived(**args: str) -> int:
        return listing.list_with_archived(listing.CAMPAIGNS.parse(args))[1]

    assert titles() == ["news live"]
    assert set(titles(archived="archived")) == {"news old", "sport old"}
    assert len(titles(archived="all")) == 3
    assert archived(q="news") == 1
    assert archived(q="old") == 2
    assert archived(q="nothing") == 0
    assert archived(q="news", archived="all") == 0
    assert archived(q="news", archived="archived") == 0


def test_an_empty_list_says_how_many_are_in_the_archive(db_session) -> None:
    factories.campaign(archived_at=factories.SOME_DAY)
    page, archived = listing.list_with_archived(listing.CAMPAIGNS.parse({}))
    assert (page.total, archived) == (0, 1)


def test_campaigns_of_a_detached_connection_are_kept_but_not_shown(db_session) -> None:
    gone = factories.connection()
    kept = factories.connection()
    factories.campaigns(3, connection_id=gone.id, sync_state="parked")
    factories.campaign(connection_id=kept.id, title="shown", advertiser_id=None)
    gone.state = DETACHED
    db_session.flush()

    assert titles() == ["shown"]
    assert titles(q="campaign") == []
    assert db_session.query(Campaign).count() == 4


def test_changes_of_a_detached_connection_are_not_counted(db_session) -> None:
    kept = factories.change(factories.campaign(connection_id=factories.connection().id))
    gone = factories.connection()
    factories.change(factories.campaign(connection_id=gone.id))
    gone.state = DETACHED
    db_session.flush()

    assert sum(queries.counts_by_change_state().values()) == 1
    assert kept.connection_id != gone.id


def test_a_page_beyond_the_end_is_empty_and_knows_the_number(db_session) -> None:
    factories.campaigns(30)
    page = listed(page="7", per_page="25")
    assert (list(page.items), page.total, page.pages) == ([], 30, 2)


def test_a_long_list_is_counted_to_the_cap_unless_asked_for_the_exact_number(db_session) -> None:
    factories.campaigns(COUNT_CAP + 30)

    capped = listed()
    assert (capped.total, capped.capped) == (COUNT_CAP, True)
    exact = listed(count="exact")
    assert (exact.total, exact.capped) == (COUNT_CAP + 30, False)

    beyond = listed(page="21")
    assert len(beyond.items) == 30
    assert (beyond.first, beyond.last, beyond.total) == (1_001, 1_030, COUNT_CAP + 30)
    assert not beyond.has_next


@pytest.mark.parametrize("args", [{}, {"q": "campaign"}, {"sync": "confirmed", "sort": "budget"}])
def test_the_number_of_statements_does_not_grow_with_the_rows(db_session, args) -> None:
    factories.connection(state=DETACHED)

    def cost() -> int:
        db_session.expire_all()
        with count_statements() as statements:
            page, _ = listing.list_with_archived(
                listing.CAMPAIGNS.parse({**args, "per_page": "200"})
            )
            assert [row.advertiser_name for row in page.items]
        return len(statements)

    factories.campaigns(10)
    few = cost()
    factories.campaigns(400)
    # A full page must also be counted: one statement, however long the list.
    assert cost() <= few + 1
    assert cost() <= 5


def test_a_row_shows_advertiser_and_agency(db_session) -> None:
    agency = factories.agency(name="Big Agency")
    advertiser = factories.advertiser(name="Acme", agency_id=agency.id)
    factories.campaign(advertiser_id=advertiser.id)
    factories.campaign(advertiser_id=None)

    pairs = {(row.advertiser_name, row.agency_name) for row in listed().items}
    assert pairs == {("Acme", "Big Agency"), (None, None)}


def test_one_campaign_is_found_by_its_uuid(db_session) -> None:
    campaign = factories.campaign()
    assert queries.get_campaign(str(campaign.uuid)) is campaign
    assert api_rows.campaign_row(str(campaign.uuid)).id == campaign.id


@pytest.mark.parametrize("text", ["", "1", "x" * 300, "' OR 1=1", str(uuid.UUID(int=5))])
def test_an_address_of_no_campaign_is_said_to_be_none(db_session, text: str) -> None:
    factories.campaign()
    for find in (queries.get_campaign, api_rows.campaign_row):
        with pytest.raises(NotFound):
            find(text)


def test_unfinished_changes_are_counted_by_state(db_session) -> None:
    for state in CHANGE_STATES:
        factories.change(factories.campaign(), state=state)
    counts = queries.counts_by_change_state()
    assert set(counts) == set(queries.UNFINISHED)
    assert set(counts.values()) == {1}
