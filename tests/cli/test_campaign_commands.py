"""``flask campaigns list``: the query language at a shell."""

import csv
import io
import json

import pytest

from tests import factories
from tests.cli.conftest import Terminal
from webapp.campaigns.listing import CAMPAIGNS


def test_a_query_finds_campaigns_and_prints_a_line_for_each(terminal: Terminal) -> None:
    acme = factories.advertiser(name="Acme")
    spring = factories.campaign(title="Spring", advertiser_id=acme.id, budget=(600_000, "USD"))
    factories.campaign(title="Spring test", budget=(600_000, "USD"))
    factories.campaign(title="Spring small", budget=(1, "USD"))

    result = terminal("campaigns", "list", "spring budget:>5000usd -test")

    assert result.exit_code == 0, result.output
    assert result.stdout == f"{spring.uuid}  Spring  Acme  USD 6,000.00  confirmed\n"
    assert result.stderr == "1-1 of 1\n"


def test_rows_come_sorted_and_page_by_page(terminal: Terminal) -> None:
    factories.campaigns(30, title=lambda n: f"Campaign {n:02}")

    result = terminal("campaigns", "list", "--sort", "-title", "--rows", "25", "--page", "2")

    assert [line.split("  ")[1] for line in result.stdout.splitlines()] == [
        f"Campaign {n:02}" for n in (4, 3, 2, 1, 0)
    ]
    assert result.stderr == "26-30 of 30\n"


def test_csv_is_all_that_is_found_whatever_the_page(terminal: Terminal) -> None:
    factories.campaigns(60, title=lambda n: f"Campaign {n:02}")

    result = terminal("campaigns", "list", "--sort", "title", "--csv")

    lines = list(csv.reader(io.StringIO(result.stdout.removeprefix("\ufeff"))))
    place = lines[0].index("Title")
    assert [line[place] for line in lines[1:]] == [f"Campaign {n:02}" for n in range(60)]
    assert "60 campaigns" in result.stderr


def test_one_campaign_is_shown_with_where_its_changes_are(terminal: Terminal) -> None:
    campaign = factories.campaign(title="Spring", budget=(600_000, "USD"))

    result = terminal("campaigns", "show", str(campaign.uuid))

    assert "title: Spring\n" in result.stdout
    assert "total_budget_cents: 600000\n" in result.stdout
    assert "sync: Confirmed by Megaphone" in result.stdout


def test_what_is_not_there_is_said_and_fails(terminal: Terminal) -> None:
    result = terminal("campaigns", "show", "no-such")

    assert result.exit_code == 1
    assert result.stderr == "Error: There is no such campaign.\n"


def test_advertisers_are_listed_by_words_of_their_names(terminal: Terminal) -> None:
    factories.advertiser(name="Acme")
    other = factories.advertiser(name="=Northwind")

    result = terminal("advertisers", "list", "northwind", "--csv")

    lines = list(csv.reader(io.StringIO(result.stdout)))
    assert lines[0] == ["id", "megaphone_id", "name", "agency"]
    assert [line[:3] for line in lines[1:]] == [[str(other.id), other.remote_id, "'=Northwind"]]


@pytest.mark.parametrize("arguments", [["x" * 201], ["--page", "100001"]], ids=["length", "page"])
def test_advertisers_are_not_looked_for_by_half_of_what_was_asked(
    terminal: Terminal, arguments: list[str]
) -> None:
    factories.advertiser(name="x" * 200)

    result = terminal("advertisers", "list", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")


def test_json_is_what_the_api_gives(terminal: Terminal) -> None:
    factories.campaign(title="Then", archived_at=factories.SOME_DAY)

    result = terminal("campaigns", "list", "archived:yes", "--json")

    document = json.loads(result.stdout)
    assert [item["title"] for item in document["items"]] == ["Then"]
    assert document["meta"]["total"] == 1


def test_a_query_that_cannot_be_read_is_pointed_at(terminal: Terminal) -> None:
    result = terminal("campaigns", "list", "spring budgt:>5000")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "There is no field “budgt”.\n  spring budgt:>5000\n         ^^^^^\n" in result.stderr
    assert "Did you mean: spring budget:>5000" in result.stderr


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_nobody_is_me_at_a_shell(terminal: Terminal, form: list[str]) -> None:
    result = terminal("campaigns", "list", "owner:me", *form)

    assert result.exit_code == 2
    assert "Give an e-mail address instead of “me”.\n  owner:me\n        ^^\n" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sort", "colour"], "This list cannot be sorted by “colour”."),
        (["x" * (CAMPAIGNS.max_query + 1)], "It may have 1,000 characters."),
        (["--page", "100001"], "100001 is not in the range"),
    ],
    ids=["sort", "length", "page"],
)
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_what_the_list_does_not_know_is_an_error(
    terminal: Terminal, arguments: list[str], words: str, form: str
) -> None:
    factories.campaign(title="Spring")

    result = terminal("campaigns", "list", form, *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
