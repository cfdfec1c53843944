"""``flask campaigns create``, ``update`` and ``archive``: the verbs of the pages at a shell."""

import json

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.cli.conftest import Terminal
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db

LATER = ("--wait", "0")


def only_campaign() -> Campaign:
    return db.session.scalars(select(Campaign)).one()


def test_the_same_key_books_once(terminal: Terminal) -> None:
    advertiser = factories.advertiser()
    wish = ("campaigns", "create", "--title", "Spring", "--advertiser", str(advertiser.id))

    first = terminal(*wish, "--key", "nightly-7", *LATER)
    again = terminal(*wish, "--key", "nightly-7", *LATER)

    assert first.exit_code == again.exit_code == 3, first.output
    assert first.stdout.split()[0] == again.stdout.split()[0] == str(only_campaign().uuid)


@pytest.mark.parametrize("command", [("create", "--advertiser"), ("update",)], ids=lambda c: c[0])
def test_a_key_of_another_wish_is_refused_in_words_of_the_command_line(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    verb, *advertiser = command
    place = [*advertiser, str(factories.advertiser().id)]
    if verb == "update":
        place = [str(factories.campaign().uuid)]
    wish = ("campaigns", verb, *place, "--key", "nightly-7", *LATER)
    terminal(*wish, "--title", "Spring")

    result = terminal(*wish, "--title", "Summer")

    assert result.exit_code == 1
    assert "Error: This --key was given before, with other values." in result.stderr


def test_a_dry_run_says_what_would_be_and_changes_nothing(terminal: Terminal) -> None:
    advertiser = factories.advertiser()

    result = terminal(
        *("campaigns", "create", "--title", "Spring", "--advertiser", str(advertiser.id)),
        *("--dry-run", "--json"),
    )

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["title"] == "Spring"
    for table in (Campaign, Change, AuditEvent):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_only_what_is_given_changes(terminal: Terminal) -> None:
    campaign = factories.campaign(title="Spring", budget=(100, "EUR"), external_id="IO-7")

    result = terminal(
        *("campaigns", "update", str(campaign.uuid), "--budget", "7", "--clear", "external_id"),
        *LATER,
    )

    db.session.refresh(campaign)
    assert result.exit_code == 3, result.output
    assert (campaign.title, campaign.external_id) == ("Spring", None)
    assert (campaign.total_budget_minor, campaign.total_budget_currency) == (700, "EUR")


def test_an_edit_of_an_older_version_is_refused(terminal: Terminal) -> None:
    campaign = factories.campaign(title="Spring", version=4)

    result = terminal(
        "campaigns", "update", str(campaign.uuid), "--title", "Mine", "--if-version", "3"
    )

    db.session.refresh(campaign)
    assert result.exit_code == 1
    assert "It is at version 4" in result.stderr
    assert campaign.title == "Spring"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--title", " ", "--advertiser", "1"), "Enter a title."),
        (("--title", "Spring", "--advertiser", "nobody"), "There is none of that name."),
        (("--title", "Spring", "--budget", "1e9", "--currency", "USD"), "Type"),
        (("--title", "Spring", "--budget", "5"), "Give --currency"),
        (("--title", "Spring", "--currency", "USD"), "Give --budget with --currency."),
        (("--title", "Spring", "--owner", "nobody@example.com"), "There is no operator"),
    ],
)
def test_what_cannot_be_used_is_said_and_books_nothing(
    terminal: Terminal, options: tuple[str, ...], words: str
) -> None:
    factories.connection()

    result = terminal("campaigns", "create", *options, *LATER)

    assert result.exit_code == 1
    assert words in result.stderr
    assert db.session.scalar(select(func.count()).select_from(Campaign)) == 0


def test_an_advertiser_s_name_will_do_where_one_has_it(terminal: Terminal) -> None:
    factories.advertiser(name="Acme Foods")
    acme = factories.advertiser(name="Acme")

    result = terminal("campaigns", "create", "--title", "Spring", "--advertiser", "acme", *LATER)

    assert result.exit_code == 3, result.output
    assert only_campaign().advertiser_id == acme.id


def test_archiving_several_says_which_were_not_there(terminal: Terminal) -> None:
    campaigns = [factories.campaign(), factories.campaign()]
    ids = [str(each.uuid) for each in campaigns]

    result = terminal("campaigns", "archive", *ids, "no-such")

    assert result.exit_code == 3
    assert result.stdout.endswith("2 archived.\n")
    assert "no-such: There is no such campaign." in result.stderr
    for each in campaigns:
        db.session.refresh(each)
        assert each.archived_at
    assert terminal("campaigns", "archive", "--undo", *ids).exit_code == 0


def test_archiving_prints_the_campaigns_as_json(terminal: Terminal) -> None:
    campaign = factories.campaign(title="Then")

    result = terminal("campaigns", "archive", str(campaign.uuid), "no-such", "--json")

    (found,) = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (found["id"], found["title"], found["archived"]) == (str(campaign.uuid), "Then", True)
    assert "no-such: There is no such campaign." in result.stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dry_run_archives_nothing(terminal: Terminal, form: tuple[str, ...]) -> None:
    campaign = factories.campaign()

    result = terminal("campaigns", "archive", str(campaign.uuid), "--dry-run", *form)

    db.session.refresh(campaign)
    assert result.exit_code == 0, result.output
    assert campaign.archived_at is None
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 0
    if form:
        assert json.loads(result.stdout)[0]["archived"] is True
    else:
        assert result.stdout.endswith("1 archived. Nothing was changed: this was a dry run.\n")
