"""``flask campaigns create`` waits for the ad server's word, and its exit status says it."""

import json

import pytest
from sqlalchemy import select

from tests.cli.conftest import Terminal, leading_to
from tests.factories import ACTOR
from tests.support.sandbox import Sandbox
from webapp.advertisers.models import Advertiser
from webapp.connections import service as connections
from webapp.core.config import Settings
from webapp.core.db import db, transaction


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return leading_to(sandbox, settings)


@pytest.fixture
def wish(terminal: Terminal, settings: Settings) -> tuple[str, ...]:
    """A booking for an advertiser that the ad server has."""
    with transaction():
        connections.connect_from_settings(ACTOR, settings)
    assert terminal("sync", "pull").exit_code == 0
    advertiser_id = db.session.scalars(select(Advertiser.id).limit(1)).one()
    return ("campaigns", "create", "--title", "Spring", "--advertiser", str(advertiser_id))


def test_confirmed_it_ends_with_0(
    terminal: Terminal, sandbox: Sandbox, wish: tuple[str, ...]
) -> None:
    result = terminal(*wish, "--budget", "5,000.50", "--currency", "usd", "--json")

    made = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert made["sync"]["state"] == "confirmed"
    (write,) = sandbox.applied_writes()
    assert write["remote_id"] == made["megaphone_id"]


def test_refused_it_ends_with_1_and_the_ad_server_s_words(
    terminal: Terminal, sandbox: Sandbox, wish: tuple[str, ...]
) -> None:
    body = '{"errors": {"title": ["is taken"]}}'
    sandbox.fault({"action": "answer", "method": "POST", "status": 422, "body": body})

    result = terminal(*wish)

    assert result.exit_code == 1
    assert "Is taken." in result.stdout


def test_not_yet_answered_it_ends_with_3(terminal: Terminal, wish: tuple[str, ...]) -> None:
    result = terminal(*wish, "--wait", "0")

    assert result.exit_code == 3
    assert "Waiting" in result.stdout
