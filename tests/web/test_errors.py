"""Errors as people and scripts get them, also when the database is what broke."""

import pytest
from flask import Flask
from sqlalchemy import text

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.core.db import db

pytestmark = pytest.mark.usefixtures("app")


def test_an_unknown_address_is_a_page_in_the_usual_look(manager_client: Client) -> None:
    get_page(manager_client, "/nowhere", status=404)

    assert "Sign out" in manager_client.get("/nowhere").text


def test_an_unknown_address_of_the_api_is_json(client: Client) -> None:
    token = factories.api_token("read")
    answer = client.get("/api/v1/nowhere", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["detail"]
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_a_wrong_method_is_said_in_words(manager_client: Client) -> None:
    assert manager_client.put("/campaigns").status_code == 405


def test_a_form_without_its_token_changes_nothing_and_says_so(manager_client: Client) -> None:
    answer = manager_client.post("/sign-out")

    assert answer.status_code == 400
    assert "no longer valid" in answer.text


def test_a_broken_database_gives_a_signed_in_person_the_error_page(
    app: Flask, manager_client: Client
) -> None:
    get_page(manager_client, "/campaigns")
    db.session.execute(text("ALTER TABLE operator RENAME TO operator_elsewhere"))
    db.session.commit()
    try:
        page = get_page(manager_client, "/campaigns", status=500)
    finally:
        db.session.rollback()
        db.session.execute(text("ALTER TABLE operator_elsewhere RENAME TO operator"))
        db.session.commit()

    assert "Something went wrong" in page.text


def test_a_large_request_is_refused_in_words(manager_client: Client) -> None:
    answer = manager_client.post("/campaigns/new", data={"title": "x" * 2_000_000})

    assert answer.status_code == 413
    assert "too large" in answer.text
