"""That the comparison of every answer with the documentation sees what it is there to see."""

import dataclasses
import json
import uuid

import pytest
from pydantic import ValidationError

from tests import factories
from tests.api import contract
from webapp.api.operation import OPERATIONS


@pytest.fixture
def answer(client):
    """One good answer; the comparison has seen it already."""
    campaign = factories.campaign()
    headers = {"Authorization": f"Bearer {factories.api_token()}"}
    return client.get(f"/api/v1/campaigns/{campaign.uuid}", headers=headers)


def as_declared(monkeypatch, **values):
    """The operation, declared otherwise."""
    monkeypatch.setitem(
        OPERATIONS, "get_campaign", dataclasses.replace(OPERATIONS["get_campaign"], **values)
    )


def test_a_sound_answer_passes(answer):
    assert contract.compare(answer) == "get_campaign"


def test_a_member_that_is_not_told_is_seen(answer):
    answer.set_data(json.dumps(answer.json | {"secret": 1}))
    with pytest.raises(ValidationError, match="secret"):
        contract.compare(answer)


def test_a_member_that_is_missing_is_seen(answer):
    answer.set_data(json.dumps({key: answer.json[key] for key in answer.json if key != "title"}))
    with pytest.raises(ValidationError, match="title"):
        contract.compare(answer)


def test_a_value_of_another_type_is_seen(answer):
    answer.set_data(json.dumps(answer.json | {"version": "1"}))
    with pytest.raises(ValidationError, match="version"):
        contract.compare(answer)


def test_a_status_that_is_not_told_is_seen(answer, monkeypatch):
    as_declared(monkeypatch, answers={201: OPERATIONS["get_campaign"].answers[200]})
    with pytest.raises(AssertionError, match="200 is not documented"):
        contract.compare(answer)


def test_a_header_that_is_not_told_is_seen(answer):
    answer.headers["X-Total-Count"] = "1"
    with pytest.raises(AssertionError, match="X-Total-Count"):
        contract.compare(answer)


def test_an_error_that_is_not_told_is_seen(client):
    answer = client.get("/api/v1/campaigns", headers={"Authorization": "Bearer no"})
    problem = json.loads(answer.data)
    for code in ("remote_timeout", "made_up"):
        answer.set_data(json.dumps(problem | {"code": code}))
        with pytest.raises(AssertionError, match="undocumented code"):
            contract.compare(answer)


def test_the_client_of_these_tests_compares(client, app):
    views = app.view_functions
    token = factories.api_token()
    views["api.get_campaign"] = lambda uuid: {"id": uuid}
    views["api.get_campaign"].permission = "read"
    with pytest.raises(ValidationError):
        client.get(
            f"/api/v1/campaigns/{uuid.uuid4()}", headers={"Authorization": f"Bearer {token}"}
        )
