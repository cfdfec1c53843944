"""A booking under one key, as scripts send it: at once, again, changed, and tried out."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories
from tests.api.calling import bearer
from tests.support.client import Client
from tests.support.threads import in_threads
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db

ASYNC = {"Prefer": "respond-async", "Idempotency-Key": "IO-7"}


@pytest.fixture
def book(app: Flask):
    advertiser = factories.advertiser()
    token = factories.api_token("write")
    wanted = {"title": "Spring", "advertiser_id": str(advertiser.id)}
    db.session.commit()

    def send(query: str = "", **changed: object) -> TestResponse:
        headers = bearer(token) | ASYNC
        return Client(app).post(f"/api/v1/campaigns{query}", json=wanted | changed, headers=headers)

    return send


def counted() -> tuple[int, int]:
    db.session.rollback()
    return db.session.query(Campaign).count(), db.session.query(Change).count()


def test_sixteen_at_once_are_one_campaign_and_one_answer(book) -> None:
    found = in_threads([book] * 16)

    done = {answer.data for answer in found if answer.status_code == 202}
    waited = {answer.json["code"] for answer in found if answer.status_code != 202}
    assert len(done) == 1
    assert waited <= {"still_running"}
    assert counted() == (1, 1)
    again = book()
    assert {again.data} == done
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == f"/api/v1/campaigns/{again.json['id']}/sync-status"


def test_what_could_not_be_read_leaves_the_key_free(book) -> None:
    assert book(title="").status_code == 422
    assert book(remote_id="x").status_code == 422
    assert book().status_code == 202
    assert counted() == (1, 1)


def test_another_booking_needs_another_key(book) -> None:
    book()

    answer = book(title="Autumn")

    assert (answer.status_code, answer.json["code"]) == (422, "key_reused")
    assert counted() == (1, 1)


def test_tried_out_nothing_is_booked_and_the_key_is_left_for_the_booking(book) -> None:
    tried = book("?dry_run=1")

    assert (tried.status_code, tried.headers["Dry-Run"]) == (202, "true")
    assert counted() == (0, 0)
    assert book().status_code == 202
    assert counted() == (1, 1)
