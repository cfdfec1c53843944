"""The list of people, the matrix of roles, and who gets to see them."""

from datetime import timedelta

import pytest
import time_machine

from tests import factories
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.auth.models import Operator
from webapp.auth.permissions import ROLES, Permission
from webapp.core.clock import utc_now
from webapp.people import words


@pytest.fixture
def people(admin: Operator) -> list[Operator]:
    found = [
        factories.operator("viewer", email="ann@example.com"),
        factories.operator("manager", email="bob@example.org", active=False),
        factories.operator("operator", email="cem@example.org"),
    ]
    found[2].last_sign_in_at = factories.SOME_DAY
    factories.session(found[2])
    factories.session(found[2], now=factories.SOME_DAY)
    return found


def names(client: Client, query: str = "") -> list[str]:
    rows = get_page(client, f"/people{query}").rows
    return [row[0].split("@")[0] for row in rows]


def test_everybody_is_listed_with_what_an_admin_wants_to_know(
    admin_client: Client, people: list[Operator]
) -> None:
    with time_machine.travel(utc_now(), tick=False):
        people[2].last_sign_in_at = utc_now() - timedelta(days=1)
        rows = {row[0].split()[0]: row[1:] for row in get_page(admin_client, "/people").rows}

    assert rows["ann@example.com"][:5] == ["viewer", "May sign in", "Off", "never", "0 browsers"]
    assert rows["bob@example.org"][1] == "Switched off"
    assert rows["cem@example.org"][3:5] == ["yesterday", "1 browser"]
    assert list(rows) == sorted(rows)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=EXAMPLE.org", ["bob", "cem"]),
        ("?q=org+cem", ["cem"]),
        ("?role=viewer", ["ann"]),
        ("?state=off", ["bob"]),
        ("?state=on&sort=-email", ["cem", "ann", "admin"]),
        ("?sort=-seen&q=example", ["cem", "bob", "ann", "admin"]),
        ("?q=nobody", []),
        ("?role=emperor&state=maybe", ["admin", "ann", "bob", "cem"]),
    ],
)
def test_the_list_is_searched_filtered_and_sorted_by_its_address(
    admin_client: Client, people: list[Operator], query: str, found: list[str]
) -> None:
    assert names(admin_client, query) == found


def test_many_people_come_in_pages(admin_client: Client) -> None:
    for number in range(30):
        factories.operator(email=f"p{number:02}@example.com")
    page = get_page(admin_client, "/people?per_page=25&page=2")
    assert [row[0] for row in page.rows][-1] == "p29@example.com"
    assert "26–31 of 31 people" in page.text
    assert get_page(admin_client, "/people?page=9").links["Go to the first page"] == "/people"


def test_more_people_need_no_more_statements(admin_client: Client) -> None:
    get_page(admin_client, "/people")
    with count_statements() as few:
        get_page(admin_client, "/people")
    for _ in range(20):
        factories.session(factories.operator())
    get_page(admin_client, "/people")
    with count_statements() as many:
        get_page(admin_client, "/people")
    assert len(few) == len(many)


def test_a_search_answers_htmx_with_the_rows_alone(
    admin_client: Client, people: list[Operator]
) -> None:
    answer = admin_client.get("/people?q=cem", headers={"HX-Request": "true"})
    assert "cem@example.org" in answer.text
    assert "<h1" not in answer.text


def test_only_an_admin_has_people_in_the_rail_and_the_palette(
    client: Client, admin: Operator, manager: Operator
) -> None:
    for who, sees in ((admin, True), (manager, False)):
        signed_in(client, who)
        assert ("People" in get_page(client, "/campaigns").links) == sees
        palette = get_page(client, "/palette?q=people").links
        assert ("People" in palette) == sees


def test_everyone_sees_what_each_role_may(viewer_client: Client) -> None:
    page = get_page(viewer_client, "/people/roles")
    by_name = {row[0]: row[1 : 1 + len(ROLES)] for row in page.rows}

    assert len(by_name) == len(Permission)
    for permission in Permission:
        name, _ = words.PERMISSION_WORDS[permission]
        assert by_name[name] == ["Yes" if permission in ROLES[role] else "No" for role in ROLES]
    assert set(words.ROLE_WORDS) == set(ROLES)


def test_the_timeline_leads_an_admin_to_the_person_and_nobody_else(
    client: Client, admin: Operator, manager: Operator
) -> None:
    kim = factories.operator(email="kim@example.com")
    signed_in(client, admin)
    get_page(client, f"/people/{kim.id}/role").submit("Give this role", {"role": "viewer"})
    assert get_page(client, "/timeline").links["kim@example.com"] == f"/people/{kim.id}"
    signed_in(client, manager)
    page = get_page(client, "/timeline")
    assert "changed the role of kim@example.com" in page.text
    assert "kim@example.com" not in page.links


def test_a_person_s_tokens_are_shown_and_lead_to_their_end(
    admin_client: Client, people: list[Operator]
) -> None:
    factories.api_token(name="Nightly", operator_id=people[0].id)
    factories.api_token(name="Over", operator_id=people[0].id, revoked_at=utc_now())
    page = get_page(admin_client, f"/people/{people[0].id}")

    assert "Over" not in page.text
    page.follow("Revoke Nightly").submit("Revoke the token")
    assert "None that opens anything." in get_page(admin_client, page.url).text


def test_what_a_person_did_is_one_press_away(admin_client: Client, people: list[Operator]) -> None:
    links = get_page(admin_client, f"/people/{people[0].id}").links
    assert links["What they did"] == f"/timeline?who={people[0].id}"
    get_page(admin_client, links["What was done about them"])


def test_somebody_who_is_not_there_is_said_so(admin_client: Client) -> None:
    get_page(admin_client, "/people/999", status=404)
    get_page(admin_client, "/people/invitations/999/withdraw", status=404)
