"""Whom to tell of a weakness, as RFC 9116 has it."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from tests.support.client import Client
from webapp.core.config import Settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ADDRESS = "/.well-known/security.txt"


def told(app: Flask, settings: Settings, **changed: object) -> None:
    app.config["SETTINGS"] = settings.model_copy(update=changed)


def fields(text: str) -> dict[str, str]:
    lines = [line.partition(": ") for line in text.splitlines()]
    names = [name for name, _, _ in lines]
    assert len(set(names)) == len(names)
    return {name: value for name, _, value in lines}


def test_it_names_the_contact_and_until_when_it_holds(
    app: Flask, client: Client, settings: Settings
) -> None:
    told(
        app,
        settings,
        security_contact="mailto:security@example.com",
        security_expires=date(2027, 6, 30),
        base_url="https://desk.example",
    )
    answer = client.get(ADDRESS, base_url="https://desk.example")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith("\n")
    found = fields(answer.text)
    assert found == {
        "Contact": "mailto:security@example.com",
        "Expires": "2027-06-30T23:59:59Z",
        "Preferred-Languages": "en",
        "Canonical": f"https://desk.example{ADDRESS}",
    }
    expires = datetime.fromisoformat(found["Expires"].replace("Z", "+00:00"))
    assert expires == datetime(2027, 6, 30, 23, 59, 59, tzinfo=UTC)


def test_without_an_address_of_its_own_it_names_none(
    app: Flask, client: Client, settings: Settings
) -> None:
    contact = {"security_contact": "https://example.com/security"}
    told(app, settings, **contact, security_expires=date(2027, 6, 30))
    assert set(fields(client.get(ADDRESS).text)) == {"Contact", "Expires", "Preferred-Languages"}


def test_while_nobody_is_named_there_is_none(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 404
