"""A dry run answers as the real one would, and leaves nothing behind."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests import factories
from tests.api.dry_runs import everything, in_turn
from tests.api.scripts import Script
from webapp.core.db import db


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write"))


@pytest.fixture
def campaign(app):
    return factories.campaign(title="Before", budget=(100, "USD"))


@pytest.fixture
def conflict(campaign):
    campaign.sync_state = "conflict"
    return factories.conflict(campaign, "title", base="Old", theirs="Theirs")


def test_a_booking(script, campaign):
    body = {
        "title": "Spring",
        "advertiser_id": campaign.advertiser_id,
        "total_budget_cents": 5,
        "total_budget_currency": "JPY",
    }

    before = everything()
    dry, real = in_turn(script, "POST", "/campaigns", 202, body)

    assert dry == real
    assert everything() != before


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, {"title": "After"}),
        (200, {"notes": "New."}),
        (200, {"title": "Before"}),
        (422, {"total_budget_currency": None}),
        (422, {"owner": "nobody@example.com"}),
        (422, {"role": "manager"}),
    ],
)
def test_a_change(script, campaign, status, body):
    dry, real = in_turn(script, "PUT", f"/campaigns/{campaign.uuid}", status, body)

    assert dry == real


def test_a_change_of_what_was_changed_meanwhile(script, campaign):
    path, body = f"/campaigns/{campaign.uuid}", {"title": "x"}

    dry, real = in_turn(script, "PUT", path, 412, body, If_Match='"7"')

    assert dry == real


@pytest.mark.parametrize("archived", [True, False])
def test_archiving(script, campaign, archived):
    path = f"/campaigns/{campaign.uuid}/archive"

    dry, real = in_turn(script, "PUT", path, 200, {"archived": archived})

    assert dry == real


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, {"choice": "ours"}),
        (200, {"choice": "theirs"}),
        (202, {"choice": "value", "value": "Other"}),
        (422, {"choice": "value", "value": ""}),
    ],
)
def test_settling_a_conflict(script, conflict, status, body):
    dry, real = in_turn(script, "POST", f"/conflicts/{conflict.id}/resolve", status, body)

    assert dry == real


def test_what_is_not_there(script, campaign):
    dry, real = in_turn(script, "PUT", f"/campaigns/{uuid4()}", 404, {"title": "x"})

    assert dry == real


def test_a_dry_run_does_not_wait(script, campaign):
    path, wait = f"/campaigns/{campaign.uuid}", {"Prefer": "wait=1"}

    dry = script.call("PUT", f"{path}?dry_run=true", 202, {"title": "x"}, **wait)
    real = script.call("PUT", path, 202, {"title": "x"}, **wait)

    assert "Preference-Applied" not in dry.headers
    assert real.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize("word", ["2", "maybe", "yes"])
def test_a_dry_run_is_asked_for_clearly(script, campaign, word):
    before = everything()

    error = script.call(
        "PUT", f"/campaigns/{campaign.uuid}?dry_run={word}", 422, {"title": "x"}
    ).json

    assert error["errors"][0]["pointer"] == "?dry_run"
    assert everything() == before


def test_a_dry_run_holds_nothing_afterwards(script, campaign):
    script.call("PUT", f"/campaigns/{campaign.uuid}?dry_run=1", 202, {"title": "x"})

    # From elsewhere, at once: a transaction left open would be in its way.
    with db.engine.connect() as other:
        changed = other.execute(text("UPDATE campaign SET notes = 'free'"))
        other.commit()

    assert changed.rowcount == 1
