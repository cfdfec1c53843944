"""``flask sync``: what it does here or asks of a worker, what it prints, and its exit statuses."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.cli.conftest import Terminal, leading_to
from tests.factories import ACTOR
from tests.support.sandbox import PATIENCE, Sandbox
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import CampaignValues
from webapp.campaigns.models import Campaign
from webapp.cli.here import working_here
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.sync import jobs, leases
from webapp.sync.models import Lease, SyncRun

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return leading_to(sandbox, settings)


@contextmanager
def a_worker(app: Flask) -> Iterator[None]:
    """Somebody who leads and reads what is asked for."""
    db.session.commit()
    with working_here(app, [jobs.pull_next]) as here:
        assert here
        yield


def someone_leads() -> None:
    """Somebody who leads and does nothing."""
    with transaction():
        leases.take_or_renew("scheduler", "elsewhere", utc_now(), timedelta(hours=1))


def read_once(terminal: Terminal) -> Campaign:
    """Everything is read; one campaign of it."""
    assert terminal("sync", "pull").exit_code == 0
    return db.session.scalars(select(Campaign).order_by(Campaign.id).limit(1)).one()


def edit_title(campaign: Campaign, title: str) -> None:
    with transaction():
        values = CampaignValues(
            campaign.title,
            campaign.advertiser_id,
            campaign.external_id,
            campaign.total_budget_minor,
            campaign.total_budget_currency,
            campaign.copy_needed,
        )
        wanted = replace(values, title=title)
        campaigns.edit_campaign(ACTOR, campaign, wanted, campaign.version, uuid4())


def test_without_a_worker_everything_is_read_here(terminal: Terminal) -> None:
    result = terminal("sync", "pull")

    assert result.exit_code == 0, result.output
    assert "No worker leads: it is done here." in result.stderr
    assert "Complete  40 read: 40 created, 0 updated" in result.stdout
    assert db.session.query(Campaign).count() == 40
    assert db.session.query(Lease).count() == 0


def test_what_was_read_is_given_as_json_alone(terminal: Terminal) -> None:
    result = terminal("sync", "pull", "--json")

    (run,) = json.loads(result.stdout)
    assert (run["state"], run["read_count"], run["trigger"]) == ("complete", 40, "operator")
    assert run["started_at"].endswith("+00:00")


def test_a_worker_that_leads_is_asked_and_waited_for(app: Flask, terminal: Terminal) -> None:
    with transaction():
        connections.connect_from_settings(ACTOR, app.config["SETTINGS"])
    with a_worker(app):
        result = terminal("sync", "pull")

    assert result.exit_code == 0, result.output
    assert "done here" not in result.stderr
    assert "40 read" in result.stdout


@pytest.mark.parametrize("command", ["pull", "push"])
def test_without_a_worker_and_not_here_nobody_does_it(terminal: Terminal, command: str) -> None:
    result = terminal("sync", command, "--no-here")

    assert (result.exit_code, result.stdout) == (4, "")
    assert "No worker leads." in result.stderr
    assert db.session.query(SyncRun).count() == 0


def test_a_pull_that_fails_is_a_failure(terminal: Terminal, sandbox: Sandbox) -> None:
    sandbox.fault({"action": "status", "status": 401, "path": "campaigns$"})

    result = terminal("sync", "pull")

    assert result.exit_code == 1
    assert "Failed" in result.stdout


def test_a_pull_that_cannot_read_all_is_not_all(terminal: Terminal, sandbox: Sandbox) -> None:
    read_once(terminal)
    sandbox.fault({"action": "empty_list", "path": "campaigns$"})

    result = terminal("sync", "pull", "--json")

    (run,) = json.loads(result.stdout)
    assert (result.exit_code, run["state"]) == (3, "braked")


def test_waiting_ends_in_time_and_says_how_far_it_is(app: Flask, terminal: Terminal) -> None:
    with transaction():
        connections.connect_from_settings(ACTOR, app.config["SETTINGS"])
    someone_leads()

    result = terminal("sync", "pull", "--timeout", "0", "--json")

    assert result.exit_code == 3
    assert json.loads(result.stdout)[0]["state"] == "requested"


def test_what_was_saved_is_sent(terminal: Terminal, sandbox: Sandbox) -> None:
    edit_title(read_once(terminal), "Sent from a shell")

    result = terminal("sync", "push")

    assert result.exit_code == 0, result.output
    assert result.stdout == "1 sent.\n"
    assert [write["method"] for write in sandbox.applied_writes()] == ["PUT"]


def test_with_nothing_to_send_it_says_so(terminal: Terminal) -> None:
    read_once(terminal)
    result = terminal("sync", "push")
    assert (result.exit_code, result.stdout) == (0, "Nothing waits.\n")


def test_what_is_kept_back_is_not_waited_for(terminal: Terminal, sandbox: Sandbox) -> None:
    campaign = read_once(terminal)
    edit_title(campaign, "Kept back")
    terminal("connections", "pause", "--reason", "Not today")

    result = terminal("sync", "push", "--json")

    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert (found["total"], found["kept"], found["moving"]) == (1, 1, 0)
    assert not found["is_all_sent"]
    assert sandbox.applied_writes() == []


def test_what_is_refused_is_counted(terminal: Terminal, sandbox: Sandbox) -> None:
    edit_title(read_once(terminal), "Refused")
    sandbox.fault({"action": "status", "status": 422, "method": "PUT"})

    result = terminal("sync", "push")

    assert result.exit_code == 3
    assert "1 refused." in result.stdout


def test_what_a_conflict_keeps_back_needs_somebody(terminal: Terminal, sandbox: Sandbox) -> None:
    campaign = read_once(terminal)
    edit_title(campaign, "Ours")
    sandbox.control("PUT", f"campaigns/{campaign.remote_id}", {"title": "Theirs"})

    result = terminal("sync", "push")

    assert (result.exit_code, result.stdout) == (3, "1 that need somebody.\n")
    assert [write["sender"] for write in sandbox.applied_writes()] == ["vendor"]


def test_a_connection_that_is_not_there_is_a_sentence(terminal: Terminal) -> None:
    result = terminal("sync", "pull", "--connection", "99")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        1,
        "Error: There is no such connection.",
    )


def test_the_status_says_who_works_and_how_fresh_it_is(terminal: Terminal) -> None:
    read_once(terminal)
    someone_leads()

    result = terminal("sync", "status")

    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    assert first == "A worker leads."
    assert "Megaphone  fresh; read " in second


def test_the_status_of_what_is_paused_or_late_is_not_well(terminal: Terminal) -> None:
    read_once(terminal)
    someone_leads()
    terminal("connections", "pause", "--reason", "Not today")

    result = terminal("sync", "status", "--json")

    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["worker_leads"] is True
    (connection,) = found["connections"]
    assert connection["hold_reason"] == "Not today"
    assert (connection["is_well"], connection["is_late"]) == (False, False)


def test_the_status_without_a_worker_says_that_nobody_works(terminal: Terminal) -> None:
    read_once(terminal)
    result = terminal("sync", "status")
    assert result.exit_code == 4
    assert "No worker leads." in result.stdout


def test_without_a_connection_it_says_what_to_set(terminal: Terminal) -> None:
    result = terminal("sync", "status")
    assert result.exit_code == 1
    assert "MEGAPHONE_API_TOKEN" in result.stderr


def test_as_many_runs_are_listed_as_were_asked_for(terminal: Terminal) -> None:
    for _ in range(60):
        factories.sync_run(state="complete")

    assert len(terminal("sync", "runs", "--limit", "55").stdout.splitlines()) == 55


def test_the_latest_runs_are_listed(terminal: Terminal) -> None:
    factories.sync_run(state="failed", problem="It was down.")
    factories.sync_run(read_count=3, unchanged_count=3)

    lines = terminal("sync", "runs").stdout.splitlines()
    failed = json.loads(terminal("sync", "runs", "--state", "failed", "--json").stdout)

    assert "3 read: 0 created" in lines[0]
    assert lines[1].endswith("It was down.")
    assert [run["problem"] for run in failed] == ["It was down."]
    assert len(terminal("sync", "runs", "--limit", "1").stdout.splitlines()) == 1


def test_a_state_that_is_none_is_a_wrong_command_line(terminal: Terminal) -> None:
    assert terminal("sync", "runs", "--state", "happy").exit_code == 2


def test_only_the_connection_that_is_named_is_read(terminal: Terminal) -> None:
    read_once(terminal)
    connection = db.session.query(Connection).one()
    result = terminal("sync", "pull", "--connection", str(connection.id), "--json")
    assert [run["connection_id"] for run in json.loads(result.stdout)] == [connection.id]


def test_ctrl_c_ends_the_work_at_its_next_step_and_gives_up_the_lead(
    settings: Settings, sandbox: Sandbox, db_session
) -> None:
    # Several calls: it is still reading when this process comes to send the signal.
    sandbox.settings(latency_ms=2000)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "sync", "pull", "--json"]
    environment = environment_of(settings)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        until(lambda: read(lambda: db.session.query(SyncRun).filter_by(state="running").count()))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 3, output
    (run,) = json.loads(output)
    assert (run["state"], run["problem"]) == (
        "incomplete",
        "The worker was stopped. What was read was kept.",
    )
    assert read(lambda: db.session.query(Lease).count()) == 0


def environment_of(settings: Settings) -> dict[str, str]:
    token = settings.megaphone_api_token
    assert token
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.sqlalchemy_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "MEGAPHONE_BASE_URL": settings.megaphone_base_url,
        "MEGAPHONE_API_TOKEN": token.get_secret_value(),
        "MEGAPHONE_ORG_ID": str(settings.megaphone_org_id),
        "MEGAPHONE_REQUESTS_PER_MINUTE": "0",
    }


def read(query: Callable[[], int]) -> int:
    """Ask without the write lock, which would keep the other process from its work."""
    with reading():
        found = query()
        db.session.rollback()
    return found


def until(true: Callable[[], int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
