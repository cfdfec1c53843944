"""The public health address."""

import pytest
from flask import Flask
from sqlalchemy import create_engine

from tests.support.client import Client
from webapp.core.db import db


def test_anyone_may_ask_and_gets_ok_while_the_database_answers(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_without_its_database_it_is_not_healthy(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = create_engine("sqlite:////nowhere/at/all.db")
    monkeypatch.setitem(db._app_engines[app], None, nowhere)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "database unreachable"})
    assert "nowhere" not in answer.text
