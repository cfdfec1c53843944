"""The list to take along: a link, a request and a command that find the same campaigns."""

import html
import re
import shlex
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests import factories
from tests.cli.conftest import Terminal
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.core.clock import utc_now
from webapp.core.query import MAX_LENGTH, MAX_TERMS


@pytest.fixture
def terminal(app) -> Terminal:
    return Terminal(app)


def copied(client: Client, address: str) -> dict[str, str]:
    """The texts that the page offers for copying, by their label."""
    page = client.get(address).text
    found = re.findall(r'id="copy-(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(text) for name, text in found}


def a_list() -> None:
    """Several that a search finds, in several orders, and some that it must not."""
    now = utc_now()
    for number in range(3):
        factories.campaign(
            title=f"Spring {number}",
            budget=(100_000 - number, "USD"),
            remote_updated_at=now - timedelta(hours=number),
        )
    factories.campaign(title="Spring of old", archived_at=now)
    factories.campaign(title="Winter", budget=(7, "USD"))


def test_the_link_leads_to_the_same_list(client: Client) -> None:
    signed_in(client, factories.operator())
    arguments = "q=spring&sort=-budget&per_page=25&columns=owner&density=compact&page=2"
    texts = copied(client, f"/campaigns/copy?{arguments}")

    parts = urlsplit(texts["link"])
    assert (parts.scheme, parts.path) == ("http", "/campaigns")
    assert sorted(parse_qsl(parts.query)) == sorted(parse_qsl(arguments))


def test_what_the_list_shows_is_what_is_copied(client: Client) -> None:
    signed_in(client, factories.operator())
    a_list()
    arguments = "columns=owner&density=compact&sort=title"

    page = get_page(client, f"/campaigns?{arguments}")

    address = page.links["Link, curl or command"]
    assert sorted(parse_qsl(urlsplit(address).query)) == sorted(parse_qsl(arguments))


def test_the_request_finds_the_same_in_the_same_order(client: Client) -> None:
    signed_in(client, factories.operator())
    a_list()
    words = shlex.split(copied(client, "/campaigns/copy?q=spring&currency=USD&sort=budget")["curl"])

    assert words[:2] == ["curl", "-G"]
    assert words[3:5] == ["-H", "Authorization: Bearer $TOKEN"]
    assert answered(client, words) == ["Spring 2", "Spring 1", "Spring 0"]


def test_the_request_finds_the_list_s_first_order_too(client: Client) -> None:
    signed_in(client, factories.operator())
    for hours in (1, 3, 2):
        changed_at, updated_at = (utc_now() - timedelta(hours=n) for n in (hours, 4 - hours))
        factories.campaign(
            title=f"Changed {hours}", changed_at=changed_at, remote_updated_at=updated_at
        )
    texts = copied(client, "/campaigns/copy")

    assert answered(client, shlex.split(texts["curl"])) == ["Changed 1", "Changed 2", "Changed 3"]
    assert "does not know this order" not in client.get("/campaigns/copy").text


def answered(client: Client, words: list[str]) -> list[str]:
    """The titles that the request finds."""
    answer = client.get(
        urlsplit(words[2]).path,
        query_string=dict(word.split("=", 1) for word in words[6::2]),
        headers={"Authorization": f"Bearer {factories.api_token('read')}"},
    )
    return [item["title"] for item in answer.json["items"]]


def test_the_command_finds_the_same_in_the_same_order(client: Client, terminal: Terminal) -> None:
    signed_in(client, factories.operator())
    a_list()
    words = shlex.split(copied(client, "/campaigns/copy?q=spring+-of&sort=-budget")["command"])

    assert words[0] == "flask"
    result = terminal(*words[1:])
    titles = [line.split("  ")[1] for line in result.stdout.splitlines()]
    assert titles == ["Spring 0", "Spring 1", "Spring 2"]


def test_who_i_am_is_said_by_number(client: Client) -> None:
    operator = factories.operator()
    signed_in(client, operator)

    texts = copied(client, "/campaigns/copy?owner=me")

    assert f"owner:#{operator.id}" in texts["command"]
    assert f"owner:#{operator.id}" in texts["curl"]


def test_a_name_that_begins_like_me_stays_whole(client: Client) -> None:
    operator = factories.operator()
    signed_in(client, operator)

    texts = copied(client, "/campaigns/copy?q=owner:mel,me,melissa")

    assert f"owner:mel,#{operator.id},melissa" in texts["command"]


def test_an_order_that_the_api_lacks_is_said(client: Client) -> None:
    signed_in(client, factories.operator())

    assert "The API does not know this order" in client.get("/campaigns/copy?sort=owner").text
    assert "The API does not know this order" not in client.get("/campaigns/copy?sort=title").text


@pytest.mark.parametrize("search", ["x" * MAX_LENGTH, "+".join(f"w{n}" for n in range(MAX_TERMS))])
def test_what_is_too_much_for_one_query_is_said(client: Client, search: str) -> None:
    signed_in(client, factories.operator())

    address = f"/campaigns/copy?q={search}"
    assert copied(client, address).keys() == {"link"}
    assert client.get(address).text.count("Written as one query") == 2
    assert copied(client, f"/campaigns/copy?q={search[:-20]}").keys() == {"link", "curl", "command"}


def test_what_cannot_be_read_is_said(client: Client) -> None:
    signed_in(client, factories.operator())

    page = client.get("/campaigns/copy?q=budgt:>5").text

    assert "There is no field" in page
    assert "curl" not in page.split("<main")[1]
