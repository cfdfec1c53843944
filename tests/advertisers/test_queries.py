"""Reading advertisers: the list, its search, and what a form offers."""

import pytest

from tests import factories
from tests.support.statements import count_statements
from webapp.advertisers import queries
from webapp.connections.models import DETACHED


def names(**args: str) -> list[str]:
    params = queries.ADVERTISERS.parse(args)
    return [row.name for row in queries.list_advertisers(params).items]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cafe", {"Café Zoé"}),
        ("ZOÉ", {"Café Zoé"}),
        ("sohne", {"Plain", "Müller"}),
        ("Söhne & co", {"Plain", "Müller"}),
        ("söhne müller", {"Müller"}),
        ("100%", {"100% Juice"}),
        ("%", {"100% Juice"}),
        ("_", set()),
        ("'\"\\", set()),
        ("xyzzy", set()),
    ],
)
def test_words_are_found_in_advertiser_and_agency(db_session, query: str, found: set[str]) -> None:
    agency = factories.agency(name="Söhne & Co")
    factories.advertiser(name="Plain", agency_id=agency.id)
    factories.advertiser(name="Müller", agency_id=agency.id)
    factories.advertiser(name="Café Zoé", agency_id=None)
    factories.advertiser(name="100% Juice", agency_id=None)

    assert set(names(q=query)) == found


@pytest.mark.parametrize("sort", ["name", "-name", "changed", "-changed"])
def test_walking_all_pages_meets_every_advertiser_once(db_session, sort: str) -> None:
    agency_id = factories.agency().id
    for number in range(60):
        when = None if number % 3 else factories.SOME_DAY
        factories.advertiser(name="Same", agency_id=agency_id, remote_updated_at=when)

    params = [
        queries.ADVERTISERS.parse({"sort": sort, "per_page": "25", "page": str(number)})
        for number in (1, 2, 3)
    ]
    pages = [queries.list_advertisers(one) for one in params]
    assert len({row.id for page in pages for row in page.items}) == 60
    assert {page.total for page in pages} == {60}


def test_advertisers_of_a_detached_connection_are_neither_listed_nor_offered(db_session) -> None:
    gone = factories.connection()
    factories.advertiser(name="Gone", connection_id=gone.id)
    gone.state = DETACHED
    db_session.flush()
    factories.advertiser(name="Here", connection_id=factories.connection().id)

    assert names() == ["Here"]
    assert [words.split(" – ")[0] for _, words in queries.advertiser_choices()] == ["Here"]


def test_advertisers_of_one_name_are_told_apart_by_their_agency(db_session) -> None:
    for agency in ("Big", "Small", "Acme"):
        factories.advertiser(name="Acme", agency_id=factories.agency(name=agency).id)
    factories.advertiser(name="Zebra", agency_id=None)

    offered = [words for _, words in queries.advertiser_choices()]
    assert offered == ["Acme – Big", "Acme – Small", "Acme", "Zebra"]


def test_the_list_costs_the_same_however_long_it_is(db_session) -> None:
    def cost() -> int:
        with count_statements() as statements:
            names(q="advertiser", per_page="200")
        return len(statements)

    factories.advertiser()
    few = cost()
    for _ in range(40):
        factories.advertiser()
    assert cost() == few <= 4


def test_names_are_given_for_ids_that_exist(db_session) -> None:
    acme = factories.advertiser(name="Acme")
    assert queries.names_of([acme.id, None, 999_999, acme.id]) == {acme.id: "Acme"}
    assert queries.names_of([None]) == {}
