"""A script of the older service works here with another address and a token: over real sockets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import factories
from tests.support.stack import MANAGER, running_stack
from webapp.auth import queries as operators

SCRIPT = Path(__file__).with_name("older_script.py")
RECORD = {
    "id",
    "megaphone_id",
    "external_id",
    "title",
    "organization_id",
    "advertiser",
    "total_budget_cents",
    "total_budget_currency",
    "total_revenue_cents",
    "total_revenue_currency",
    "duration_in_seconds",
    "copy_needed",
    "booking_source",
    "created_at",
    "updated_at",
    "synced_at",
    "archived",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The sandbox, and what the script said that it saw."""
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        with stack.data():
            manager = operators.operator_by_email(MANAGER)
            token = factories.api_token("read write sync", operator_id=manager.id)
        command = [sys.executable, str(SCRIPT), f"{stack.url}/api/v1", token]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        yield stack.sandbox, json.loads(done.stdout)


@pytest.fixture
def seen(told):
    return told[1]


def test_it_finds_advertisers_in_their_shape(seen):
    advertiser = seen["local"]["advertiser"]

    assert {"id", "megaphone_id", "name", "agency"} <= advertiser.keys()
    assert {"id", "megaphone_id", "name"} == advertiser["agency"].keys()
    assert seen["local"]["of_advertiser"] == [advertiser["id"]]


def test_it_walks_all_campaigns_in_every_order(seen):
    assert seen["local"]["campaigns"] == 120
    assert seen["local"]["each_once"]
    assert seen["local"]["orders"]


def test_a_slash_behind_an_address_makes_no_difference(seen):
    assert seen["local"]["with_slash"] == {"campaigns": 121, "advertisers": 20, "budget": 0}


def test_it_books_reads_changes_and_archives(told):
    sandbox, seen = told
    made, read = seen["local"]["made"], seen["local"]["read"]

    assert made.keys() >= RECORD
    assert made["megaphone_id"]
    assert read["id"] == made["id"]
    assert seen["local"]["budget"] == read["total_budget_cents"] == 0
    assert seen["local"]["archived"] is True
    assert seen["local"]["in_archive"] == [made["id"]]
    assert seen["local"]["missing"] == 404
    there = sandbox.control("GET", f"campaigns/{made['megaphone_id']}")
    assert (there["title"], there["totalBudgetCents"]) == ("Spring launch 2026", 0)


def test_it_speaks_with_the_ad_server_through_it(told):
    sandbox, seen = told
    remote = seen["remote"]

    assert remote["advertisers"] == 20
    assert remote["campaigns"] == 121
    assert remote["made"]["totalBudgetCents"] == 5000
    assert remote["changed"]["title"] == remote["read"]["title"] == "Booked there, twice as loud"
    there = sandbox.control("GET", f"campaigns/{remote['made']['id']}")
    assert there["totalBudgetCurrency"] == "JPY"
    assert there["title"] == "Booked there, twice as loud"


@pytest.mark.parametrize(("name", "number"), [("sync_advertisers", 20), ("sync_campaigns", 122)])
def test_it_syncs_and_is_told_the_counts(seen, name, number):
    found = seen[name]

    assert found["status"] == "success"
    assert (found["total"], found["upserted"], found["failed"], found["deleted"]) == (
        number,
        number,
        0,
        0,
    )
    assert found["message"]


def test_nothing_was_booked_twice(told):
    sandbox, _ = told
    created = [w for w in sandbox.applied_writes() if w["method"] == "POST"]

    assert len(created) == 2
