"""Pressing one of several buttons of a form, as a browser without JavaScript does it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.support.client import Client
from tests.support.pages import Page, get_page, problems_of
from webapp.bulk.models import BulkJob
from webapp.campaigns.models import Campaign
from webapp.core.db import db


def press(page: Page, words: str, status: int = 200, **fields: Any) -> Page:
    """Press the button of these words; ``fields`` are set in its form, ``None`` leaves one out."""
    form = page.form(words)
    button = next(each for each in form.element.all("button") if each.text == words)
    values = {**form.values, **fields}
    if button.has("name"):
        values[button["name"]] = button["value"]
    action = urljoin(page.url, button.get("formaction") or form.action)
    sent = {name: value for name, value in values.items() if value is not None}
    return _answer(page.client, page.client.post(action, data=MultiDict(sent)), status)


def pick(client: Client, **fields: Any) -> Page:
    """What the list's form sends, and the page that it leads to."""
    token = get_page(client, "/bulk").root.all("input", name="csrf_token")[0]["value"]
    data: Mapping[str, Any] = {"csrf_token": token, **fields}
    return _answer(client, client.post("/bulk", data=MultiDict(data)), 200)


def _answer(client: Client, response: TestResponse, status: int) -> Page:
    if response.status_code in (302, 303):
        return get_page(client, response.headers["Location"], status)
    assert response.status_code == status, response.text[:2000]
    page = Page(client, response)
    assert list(problems_of(page.root)) == []
    return page


def uuids(ids: list[int]) -> list[str]:
    return [str(db.session.get_one(Campaign, id_).uuid) for id_ in ids]


def latest_job() -> BulkJob:
    db.session.expire_all()
    return db.session.scalars(select(BulkJob).order_by(BulkJob.id.desc()).limit(1)).one()
