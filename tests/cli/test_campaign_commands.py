"""``flask campaigns list``: the query language at a shell."""

import csv
import io
import json

import pytest

from tests import factories
from tests.cli.conftest import Terminal
from webapp.advertisers import queries
from webapp.campaigns.listing import CAMPAIGNS
from webapp.core.listing import COUNT_CAP
from webapp.exchange import export


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


def test_json_lines_are_all_that_is_found_as_the_api_has_it(
    terminal: Terminal, monkeypatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 25)
    factories.campaigns(60, title=lambda n: f"Campaign {n:02}")

    result = terminal("campaigns", "list", "--sort", "title", "--json-lines")

    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["title"] for each in found] == [f"Campaign {n:02}" for n in range(60)]
    (shown,) = json.loads(terminal("campaigns", "list", '"Campaign 07"', "--json").stdout)["items"]
    assert found[7] == shown
    assert "60 campaigns" in result.stderr


def test_a_loop_until_the_total_is_met_meets_all(terminal: Terminal) -> None:
    factories.campaigns(COUNT_CAP + 30)
    met, page = 0, 0
    while True:
        page += 1
        said = terminal("campaigns", "list", "--json", "--rows", "200", "--page", str(page))
        document = json.loads(said.stdout)
        met += len(document["items"])
        if page * 200 >= document["meta"]["total"]:
            break

    assert met == COUNT_CAP + 30
    assert (document["meta"]["total"], document["meta"]["total_is_exact"]) == (met, True)


@pytest.mark.parametrize("forms", [("--csv", "--json"), ("--json", "--json-lines")])
def test_only_one_form_is_printed(terminal: Terminal, forms: tuple[str, ...]) -> None:
    assert terminal("campaigns", "list", *forms).exit_code == 2


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_all_advertisers_are_printed_for_scripts(terminal: Terminal, monkeypatch, form) -> None:
    monkeypatch.setattr(queries, "ROWS_AT_ONCE", 25)
    made = [factories.advertiser(name=f"Acme {n:02}") for n in range(60)]

    result = terminal("advertisers", "list", form)

    if form == "--json":
        names = [each["name"] for each in json.loads(result.stdout)]
    else:
        names = [each["name"] for each in csv.DictReader(io.StringIO(result.stdout))]
        assert result.stderr == "60 advertisers\n"
    assert names == [each.name for each in made]


def test_a_page_of_advertisers_is_what_it_was_asked_for(terminal: Terminal) -> None:
    for number in range(60):
        factories.advertiser(name=f"Acme {number:02}")

    page = json.loads(terminal("advertisers", "list", "--json", "--page", "2").stdout)
    words = terminal("advertisers", "list", "--rows", "25")

    assert [each["name"] for each in page] == [f"Acme {number}" for number in range(50, 60)]
    assert (words.stdout.count("\n"), words.stderr) == (25, "1-25 of 60\n")


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
