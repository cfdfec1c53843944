"""One campaign, followed through the events of everything that had to do with it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog

from tests import factories
from tests.bulk.desk import Desk as AtList
from tests.support.client import Client
from tests.support.desk import Desk, connected, with_credential
from tests.support.pages import get_page
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.auth.models import Operator
from webapp.bulk import jobs as bulk
from webapp.bulk.operations import Archive
from webapp.campaigns.models import Campaign
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.ops import logs
from webapp.sync import jobs

Event = dict[str, Any]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=5) as started:
        yield started


@pytest.fixture
def desk(manager_client: Client, settings: Settings, sandbox: Sandbox) -> Iterator[Desk]:
    """Everything read; from here on, all is logged."""
    db.session.commit()
    started = connected(with_credential(settings, sandbox), sandbox)
    logs.configure(settings.model_copy(update={"log_level": "INFO"}))
    yield started
    structlog.contextvars.clear_contextvars()


def events(settings: Settings, **wanted: object) -> list[Event]:
    lines = (settings.logs / logs.ALL).read_text().splitlines()
    found: list[Event] = [json.loads(line) for line in lines]
    return [each for each in found if wanted.items() <= each.items()]


def names(found: list[Event]) -> list[str]:
    return [each["event"] for each in found]


def a_campaign(desk: Desk) -> tuple[int, str]:
    campaign_id, _ = desk.some(1)[0]
    return campaign_id, str(desk.ask(lambda: db.session.get_one(Campaign, campaign_id).uuid))


def save_title(client: Client, uuid: str, title: str) -> str:
    """Through the form, as people do. Returns the request's id."""
    page = get_page(client, f"/campaigns/{uuid}/edit")
    typed = page.form("Save and send to Megaphone").values | {"title": title}
    answer = client.post(f"/campaigns/{uuid}/edit", data=typed)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["X-Request-Id"])


def test_a_campaigns_number_finds_its_edit_what_was_sent_and_what_came_of_it(
    desk: Desk, settings: Settings, manager_client: Client, manager: Operator
) -> None:
    campaign_id, uuid = a_campaign(desk)
    request_id = save_title(manager_client, uuid, f"Followed {uuid4()}")
    desk.push()

    saved = events(settings, request_id=request_id)
    assert names(saved) == ["recorded", "change_queued", "request"]
    for event in saved:
        assert event["campaign_id"] == campaign_id
        assert event["campaign_uuid"] == uuid
        assert event["operator_id"] == manager.id
    change_id = saved[1]["change_id"]

    sent = events(settings, change_id=change_id)
    assert names(sent) == [
        "change_queued",
        "remote_call",
        "remote_call",
        "recorded",
        "change_applied",
    ]
    assert [each["method"] for each in sent if each["event"] == "remote_call"] == ["GET", "PUT"]
    for event in sent:
        assert event["campaign_id"] == campaign_id
        assert event["operator_id"] == manager.id
    assert {each.get("connection_id") for each in sent[1:]} == {desk.connection_id}
    assert len(events(settings, campaign_id=campaign_id)) == len(
        [each for each in events(settings) if each.get("campaign_id") is not None]
    )


def test_a_run_finds_what_it_changed_of_a_campaign(
    desk: Desk, settings: Settings, sandbox: Sandbox
) -> None:
    campaign_id, remote_id = desk.some(1)[0]
    sandbox.control("PUT", f"campaigns/{remote_id}", {"title": f"Changed there {uuid4()}"})
    run_id = desk.ask_for_a_pull()
    jobs.pull_next(desk.work)
    found = events(settings, run_id=run_id)
    assert {"remote_call", "recorded", "pull_finished"} <= set(names(found))
    (changed,) = [each for each in found if each["event"] == "recorded"]
    assert (changed["campaign_id"], changed["fields"]) == (campaign_id, ["title"])
    assert {each["connection_id"] for each in found} == {desk.connection_id}


def test_what_a_worker_did_last_does_not_stick_to_what_it_does_next(
    desk: Desk, settings: Settings, manager_client: Client
) -> None:
    _, uuid = a_campaign(desk)
    save_title(manager_client, uuid, f"Left behind {uuid4()}")
    desk.push()
    structlog.contextvars.unbind_contextvars("request_id", "operator_id", "campaign_uuid")
    structlog.get_logger().info("afterwards")
    (event,) = events(settings, event="afterwards")
    assert not {"change_id", "run_id", "bulk_id"} & event.keys()


def test_a_scripts_request_is_found_by_its_operator_and_its_token(
    desk: Desk, settings: Settings, client: Client
) -> None:
    operator = factories.operator("manager", email="scripts@example.com")
    token = factories.api_token("read", operator_id=operator.id)
    db.session.commit()
    campaign_id, uuid = a_campaign(desk)
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(f"/api/v1/campaigns/{uuid}", headers=headers)
    assert answer.status_code == 200, answer.text
    (event,) = events(settings, request_id=answer.headers["X-Request-Id"])
    assert isinstance(event["token_id"], int)
    assert event["operator_id"] == operator.id
    assert (event["campaign_id"], event["campaign_uuid"]) == (campaign_id, uuid)
    assert token not in json.dumps(event)


def test_what_a_worker_does_for_a_bulk_change_is_found_by_its_number(
    desk: Desk, settings: Settings, manager: Operator
) -> None:
    ids = [campaign_id for campaign_id, _ in desk.some(2)]
    at_list = AtList(db.session.get_one(Operator, manager.id))
    job = at_list.start(at_list.plan(ids, Archive()))
    job_id, operator_id = job.id, job.operator_id
    db.session.commit()
    bulk.run_next(desk.work)
    found = [e for e in events(settings, bulk_id=job_id) if "campaign_id" in e]
    assert {each["campaign_id"] for each in found} == set(ids)
    assert {each["operator_id"] for each in found} == {operator_id}
