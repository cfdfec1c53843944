"""What each term of a query finds among campaigns, alike on both databases."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.support.statements import count_statements
from webapp.campaigns import listing, terms
from webapp.campaigns.models import SYNC_STATES
from webapp.campaigns.terms import Asker
from webapp.core.money import MAX_MINOR
from webapp.core.query import QueryError

NOW = datetime(2026, 6, 15, 2, 30, tzinfo=UTC)
# Where it is still the evening of 14 June.
NEW_YORK = ZoneInfo("America/New_York")
ALL = {"spring", "summer", "autumn", "winter", "bare"}


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


@pytest.fixture
def me(db_session) -> int:
    """The four seasons, one archived, and one campaign that has nothing; the id of who asks."""
    mine = factories.operator(email="Me@example.com").id
    other = factories.operator(email="other@example.com").id
    harbor = factories.agency(name="Harbor Média")
    acme = factories.advertiser(name="Acmé GmbH", agency_id=harbor.id).id
    bolt = factories.advertiser(name="Bolt 50%", agency_id=None).id
    seasons = (
        (
            *("spring", acme, "IO-7", (500_000, "USD"), mine, "confirmed", "Call “Ann”"),
            *(ago(days=1), ago(hours=1), ago(minutes=10), "api", (100, "USD")),
        ),
        (
            *("summer", acme, "IO-70", (5_000, "JPY"), other, "conflict", None),
            *(ago(days=8), ago(days=3), ago(days=2), "ui", (0, "JPY")),
        ),
        (
            *("autumn", bolt, None, (4_999_999, "KWD"), None, "waiting", "100% sure"),
            *(ago(days=40), ago(days=35), ago(days=30), "UI import", None),
        ),
        (
            *("winter", bolt, "acme spring", (0, "USD"), mine, "parked", None),
            *(ago(days=400), ago(days=366), ago(days=365), None, None),
        ),
    )
    for place, season in enumerate(seasons):
        title, advertiser, external, budget, owner, state, notes = season[:7]
        booked, updated, changed, source, revenue = season[7:]
        factories.campaign(
            title=title,
            advertiser_id=advertiser,
            external_id=external,
            budget=budget,
            owner_id=owner,
            sync_state=state,
            notes=notes,
            remote_created_at=booked,
            remote_updated_at=updated,
            changed_at=changed,
            booking_source=source,
            remote_id=f"r-{place}",
            copy_needed=place < 2,
            total_revenue_minor=revenue and revenue[0],
            total_revenue_currency=revenue and revenue[1],
        )
    factories.campaign(title="bare", advertiser_id=None, waiting=True, changed_at=ago(days=500))
    factories.campaign(title="old spring", advertiser_id=acme, archived_at=NOW)
    return mine


def found(text: str, me: int | None = None, **arguments: str) -> set[str]:
    page = listing.find(text, Asker(me, NOW, NEW_YORK), **arguments)
    return {row.title for row in page.items}


CASES = {
    "spring": {"spring", "winter"},
    "-spring": {"summer", "autumn", "bare"},
    '"acme spring"': {"winter"},
    "title:spring": {"spring"},
    "title:SPRÍNG,autumn": {"spring", "autumn"},
    "-title:spring": ALL - {"spring"},
    "id:io-7": {"spring", "summer"},
    "id:spring": {"winter"},
    "id:none": {"autumn", "bare"},
    "id:any": {"spring", "summer", "winter"},
    "advertiser:acme": {"spring", "summer"},
    '-advertiser:"acmé gm"': {"autumn", "winter", "bare"},
    "advertiser:50%": {"autumn", "winter"},
    "advertiser:5_%": set(),
    "advertiser:acme,bolt": ALL - {"bare"},
    "advertiser:none": {"bare"},
    "advertiser:any": ALL - {"bare"},
    "agency:MEDIA": {"spring", "summer"},
    "-agency:harbor": {"autumn", "winter", "bare"},
    "agency:none": {"autumn", "winter", "bare"},
    "agency:any": {"spring", "summer"},
    "budget:5000": {"spring", "summer"},
    "budget:5000usd": {"spring"},
    "budget:>=5000": {"spring", "summer"},
    "budget:>4999.998": {"spring", "summer", "autumn"},
    "budget:>4999.999kwd": set(),
    "budget:<=4999.999kwd": {"autumn"},
    "budget:<5000.5": {"spring", "summer", "autumn", "winter"},
    "budget:0": {"winter"},
    "budget:0..10": {"winter"},
    "budget:<0": set(),
    "budget:5000.5": set(),
    "budget:none": {"bare"},
    "-budget:>0": {"winter", "bare"},
    "-budget:any": {"bare"},
    "budget:none,0usd": {"winter", "bare"},
    "budget:1..5000jpy": {"summer"},
    "revenue:1": {"spring"},
    "revenue:<=1usd": {"spring"},
    "revenue:0": {"summer"},
    "revenue:none": {"autumn", "winter", "bare"},
    "currency:usd,kwd": {"spring", "winter", "autumn"},
    "-currency:usd": {"summer", "autumn", "bare"},
    "currency:none": {"bare"},
    "sync:conflict": {"summer"},
    "sync:needs_you": {"summer", "winter"},
    "sync:confirmed": {"spring"},
    "sync:confirmed,waiting": {"spring", "autumn", "bare"},
    "-sync:needs-you": {"spring", "autumn", "bare"},
    "owner:me": {"spring", "winter"},
    "owner:ME@": {"spring", "winter"},
    "owner:example": {"spring", "summer", "winter"},
    "owner:other,none": {"summer", "autumn", "bare"},
    "-owner:me": {"summer", "autumn", "bare"},
    "owner:any": {"spring", "summer", "winter"},
    "copy:yes": {"spring", "summer"},
    "copy:no": {"autumn", "winter", "bare"},
    "-copy:1": {"autumn", "winter", "bare"},
    "created:<7d": {"spring"},
    "created:>7d": {"summer", "autumn", "winter"},
    "created:7d..6w": {"summer", "autumn"},
    "created:none": {"bare"},
    "created:2026-06-13": {"spring"},
    "created:2026": {"spring", "summer", "autumn"},
    "created:2026-06": {"spring", "summer"},
    "-created:2026": {"winter", "bare"},
    "created:2025-01-01..2026-05-31": {"autumn", "winter"},
    "updated:today": {"spring"},
    "updated:yesterday": set(),
    "updated:<2026-06-14": {"summer", "autumn", "winter"},
    "updated:>=2026-06-15T01:30Z": {"spring"},
    "updated:>2026-06-15T01:30Z": set(),
    "updated:<=2026-06-14T21:30": {"spring", "summer", "autumn", "winter"},
    "changed:<15min": {"spring"},
    "changed:>1y": {"bare"},
    "source:ui": {"summer", "autumn"},
    "source:none": {"winter", "bare"},
    "remote:r-1,r-3": {"summer", "winter"},
    "remote:none": {"bare"},
    "notes:CALL": {"spring"},
    "notes:100%": {"autumn"},
    "-notes:any": {"summer", "winter", "bare"},
    "archived:no": ALL,
    "archived:yes": {"old spring"},
    "archived:any": {*ALL, "old spring"},
    "archived:yes,no": {*ALL, "old spring"},
    "archived:yes archived:no": set(),
    "archived:any title:spring": {"spring", "old spring"},
    "advertiser:acme budget:>4000usd sync:confirmed archived:any -test": {"spring"},
}


def test_each_term_finds_what_it_says(me: int) -> None:
    assert {text: found(text, me) for text in CASES} == CASES


def test_a_term_and_its_opposite_share_everything_out(me: int) -> None:
    for text in CASES:
        query = terms.parse(text)
        if len(query.terms) == 1 and query.terms[0].field != "archived":
            other = text[1:] if text.startswith("-") else f"-{text}"
            assert found(text, me) | found(other, me) == ALL, text
            assert not found(text, me) & found(other, me), text


@pytest.mark.parametrize("text", ["spring owner:ME", "title:me -owner:any,me"])
def test_where_nobody_asks_nobody_is_me(db_session, text: str) -> None:
    with pytest.raises(QueryError, match="Give an e-mail address") as raised:
        found(text, None)

    assert raised.value.parts[1].lower() == "me"
    assert raised.value.start > text.index("owner:")


def test_what_only_looks_like_me_is_found_where_nobody_asks(me: int) -> None:
    assert found("owner:me@ -title:me", None) == {"spring", "winter"}


@pytest.mark.parametrize("state", SYNC_STATES)
def test_each_sync_state_is_itself(db_session, state: str) -> None:
    for known in SYNC_STATES:
        factories.campaign(title=known, sync_state=known)
    assert found(f"sync:{state}") == {state}
    assert found(f"-sync:{state}") == set(SYNC_STATES) - {state}


def test_a_word_of_the_title_stands_in_the_title_however_the_lines_are(db_session) -> None:
    factories.campaign(title="one", external_id="one")
    factories.campaign(title="two", external_id="one two")
    factories.campaign(title="one two", external_id=None)
    assert found("title:one") == {"one", "one two"}
    assert found("id:two") == {"two"}
    assert found("id:one") == {"one", "two"}


def test_an_advertiser_can_be_named_by_its_number(me: int) -> None:
    agency = factories.agency(name="#1 Agency")
    acme = factories.advertiser(name="#1 Acme", agency_id=agency.id)
    factories.campaign(title="here", advertiser_id=acme.id)
    assert found(f"advertiser:#{acme.id}") == {"here"}
    assert found(f"advertiser:#{acme.id},bolt") == {"here", "autumn", "winter"}
    assert found(f"agency:#{agency.id}") == {"here"}
    assert found("advertiser:#99999999999999999999") == set()
    assert found(f"owner:#{me}") == {"spring", "winter"}


def test_very_many_advertisers_of_one_name_are_all_found(db_session, monkeypatch) -> None:
    monkeypatch.setattr("webapp.campaigns.terms_names.MOST_IDS", 3)
    for number in range(6):
        advertiser = factories.advertiser(name=f"Acme {number}")
        factories.campaign(title=str(number), advertiser_id=advertiser.id)
    assert found("advertiser:acme") == set("012345")
    assert found("-advertiser:acme") == set()
    assert found("advertiser:acme -advertiser:3,4") == set("0125")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"archived": "all"}, "archived:any"),
        ({"archived": "archived"}, "archived:yes"),
        ({"sync": "needs_you"}, "sync:needs_you"),
        ({"owner": "me"}, "owner:me"),
        ({"owner": "none"}, "owner:none"),
        ({"copy": "yes"}, "copy:yes"),
        ({"currency": "USD"}, "currency:usd"),
        ({"budget_from": "5,000"}, "budget:>=5000"),
        ({"budget_from": "1", "budget_to": "5000"}, "budget:1..5000"),
        ({"created_from": "2026-06-01", "created_to": "2026-06-30"}, "created:2026-06"),
        ({"updated_to": "2026-06-13"}, "updated:<2026-06-14"),
    ],
)
def test_a_filter_of_the_address_is_a_term_in_another_spelling(
    me: int, arguments: dict[str, str], text: str
) -> None:
    assert found("", me, **arguments) == found(text, me)
    assert found("spring", me, **arguments) == found(f"spring {text}", me)
    assert listing.CAMPAIGNS.parse(arguments).notes == ()


def test_hidden_archived_rows_that_match_are_counted(me: int) -> None:
    def archived(text: str) -> int:
        return listing.list_with_archived(listing.CAMPAIGNS.parse({"q": text}))[1]

    assert archived("title:spring") == 1
    assert archived("title:summer") == 0
    assert archived("title:spring archived:no") == 1
    assert archived("title:spring archived:any") == 0


def test_a_long_query_costs_few_statements(me: int) -> None:
    text = "spring acme,bolt budget:>1usd updated:<7d sync:confirmed owner:me advertiser:acme"
    with count_statements() as statements:
        assert found(text, me) == set()
    assert len(statements) <= 6


words = st.sampled_from(
    [
        *(
            "spring",
            "-",
            '"',
            ",",
            "..",
            ":",
            ">",
            "<",
            " ",
            " ",
            "#1",
            "none",
            "any",
            "me",
            "\x00",
        ),
        *("5000", "5,000", "usd", "jpy", "<7d", "2026-01", "today", "31.1.2026", "needs_you", "é"),
        *[f"{field.name}:" for field in terms.FIELDS],
    ]
)
texts = st.one_of(st.lists(words, max_size=12).map("".join), st.text(max_size=40))


def refusal(text: str) -> QueryError | None:
    try:
        terms.parse(text)
    except QueryError as error:
        return error
    return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(text=texts)
def test_any_text_gets_rows_or_an_error_that_points(me: int, text: str) -> None:
    asker = Asker(me, NOW, NEW_YORK)
    params = listing.CAMPAIGNS.parse({"q": text})
    refused = refusal(params.query)
    if refused is not None:
        with pytest.raises(QueryError) as raised:
            listing.list_campaigns(params, asker)
        assert raised.value.parts == refused.parts
        return
    query = terms.parse(params.query)
    assert terms.parse(query.text) == query
    rows = {row.title for row in listing.list_campaigns(params, asker).items}
    again = listing.CAMPAIGNS.parse({"q": query.text})
    assert rows == {row.title for row in listing.list_campaigns(again, asker).items}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("budget:>=10000000000000usd", ["most"]),
        ("budget:10000000000000usd", ["most"]),
        ("budget:>9999999999999.99usd", ["most"]),
        ("budget:<=9999999999999.99usd", ["nearly"]),
        ("budget:<10000000000000usd", ["nearly"]),
        ("budget:>0usd", ["most", "nearly"]),
    ],
)
def test_the_largest_budgets_are_on_the_right_side_of_an_amount(db_session, query, found):
    factories.campaign(title="most", budget=(MAX_MINOR, "USD"))
    factories.campaign(title="nearly", budget=(MAX_MINOR - 1, "USD"))
    factories.campaign(title="euros", budget=(MAX_MINOR, "EUR"))

    page = listing.find(query, Asker(), sort="title")

    assert [row.title for row in page.items] == found
