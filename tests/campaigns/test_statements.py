"""How many statements a page of the list costs: a few, whatever is asked and whatever is found."""

import pytest

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.auth.models import Operator
from webapp.core.db import db

MOST = 8


@pytest.fixture
def known(manager: Operator) -> dict[str, int]:
    """Sixty campaigns of an advertiser with an agency and an owner, and one in the archive."""
    agency = factories.agency(name="Harbor")
    advertiser = factories.advertiser(name="Acme", agency_id=agency.id)
    common = {"advertiser_id": advertiser.id, "owner": manager, "budget": (1, "USD")}
    for number in range(60):
        factories.campaign(title=f"Spring {number}", **common)
    factories.campaign(title="Spring before", archived_at=factories.SOME_DAY, **common)
    db.session.commit()
    return {"advertiser": advertiser.id, "agency": agency.id, "owner": manager.id}


def cost(client: Client, address: str) -> int:
    with count_statements() as statements:
        assert client.get(f"/campaigns?{address}").status_code == 200
    return len(statements)


@pytest.mark.parametrize(
    "query",
    [
        "view=all",
        "q=spring",
        "q=spring&count=exact",
        "q=spring&page=2",
        "q=xyzzy",
        "q=sp",
        "q=advertiser:acme",
        "q=advertiser:xyzzy",
        "q=agency:harbor",
        "q=agency:xyzzy",
        "q=owner:me",
        "q=owner:example",
        "q=owner:xyzzy",
        "q=budget:>0usd+sync:confirmed+changed:today",
        "archived=all&q=spring",
        "archived=archived",
        "sort=advertiser&page=2",
        "page=99",
        "view=mine&owner=me",
        "sync=needs_you",
    ],
)
@pytest.mark.usefixtures("known")
def test_no_page_costs_more_than_eight(manager_client: Client, query: str) -> None:
    assert cost(manager_client, query) <= MOST


@pytest.mark.parametrize("name", ["advertiser", "agency", "owner"])
@pytest.mark.parametrize("found", [True, False])
def test_nor_does_a_filter_from_the_panel(
    manager_client: Client, known: dict[str, int], name: str, found: bool
) -> None:
    number = known[name] if found else 99_999

    assert cost(manager_client, f"{name}={number}") <= MOST
    # A word has its hits counted first on SQLite; an agency has its advertisers looked up.
    assert cost(manager_client, f"{name}={number}&q=spring") <= MOST + (name == "agency")


def test_the_number_does_not_grow_with_what_there_is(
    manager_client: Client, known: dict[str, int]
) -> None:
    address = f"q=advertiser:acme+spring&advertiser={known['advertiser']}&per_page=25"
    before = cost(manager_client, address)
    for _ in range(30):
        agency = factories.agency()
        advertiser = factories.advertiser(name="Acme", agency_id=agency.id)
        factories.campaign(title="Spring", advertiser_id=advertiser.id)
    db.session.commit()

    assert cost(manager_client, address) == before


def test_a_connection_that_was_detached_is_hidden_all_the_same(manager_client: Client) -> None:
    gone = factories.connection(state="detached")
    factories.campaign(title="Hidden", connection_id=gone.id)
    factories.campaign(title="Shown")

    assert [row[0] for row in get_page(manager_client, "/campaigns").rows] == ["Shown"]
