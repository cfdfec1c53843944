"""What no page of ours ever sends is refused in words, and never breaks anything."""

import re
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign
from webapp.core.db import db

ODD = ["a\x00b", "9" * 40, "\u202e'\"><script>%zz\ufffe"]
NUMBERS = ["0", "2147483648", "9223372036854775808", "9" * 40, "a\x00b"]
ARGUMENTS = (
    *("q", "page", "per_page", "sort", "state", "at", "list", "view", "operation", "show"),
    *("copy", "campaign", "total_budget", "advertiser_name", "order", "move", "parts", "email"),
)
FIELDS = (
    *("email", "password", "title", "name", "version", "key", "reason", "q", "id", "list"),
    *("when", "verb", "candidate", "scope", "pick", "on_page", "group", "tick", "choice", "drawn"),
)


def broken(status: int) -> bool:
    return status >= 500 and status not in (502, 503)


@pytest.fixture
def values(app: Flask) -> dict[str, str]:
    return routes.values()


@pytest.fixture
def bearer(app: Flask) -> dict[str, str]:
    token = factories.api_token("read write sync admin", per_window=1_000_000)
    return {"Authorization": f"Bearer {token}"}


def numbered(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.arguments - {"filename"}]


def test_an_id_that_no_row_can_have_is_not_found(
    app: Flask, client: Client, values: dict[str, str], bearer: dict[str, str]
) -> None:
    signed_in(client, factories.operator("admin"))
    for rule in numbered(app):
        for given in NUMBERS:
            address = re.sub(r"<[^>]+>", quote(given, safe=""), rule.rule)
            answer = client.get(address, headers=bearer)
            assert not broken(answer.status_code), (address, answer.text[:300])


@pytest.mark.parametrize("odd", ODD)
def test_odd_arguments_break_no_page(
    app: Flask, client: Client, values: dict[str, str], bearer: dict[str, str], odd: str
) -> None:
    signed_in(client, factories.operator("admin"))
    query = "&".join(f"{name}={quote(odd, safe='')}" for name in ARGUMENTS)
    for rule in routes.rules(app, "GET"):
        address = routes.address(app, rule, values)
        answer = client.get(f"{address}?{query}", headers=bearer)
        assert not broken(answer.status_code), (address, answer.text[:300])


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_in_forms_break_no_page(
    app: Flask, client: Client, values: dict[str, str], odd: str
) -> None:
    signed_in(client, factories.operator("admin"))
    token = str(get_page(client, "/campaigns").form("Sign out").values["csrf_token"])
    for method, rule in routes.unsafe(app):
        if routes.takes_tokens(rule) or rule.endpoint == "auth.sign_out":
            continue
        sent = {"csrf_token": token, **dict.fromkeys(FIELDS, odd)}
        answer = client.open(routes.address(app, rule, values), method=method, data=sent)
        assert not broken(answer.status_code), (rule, answer.text[:300])


DEEP = 20_000


@pytest.mark.parametrize(
    "body",
    [
        "[" * DEEP + "]" * DEEP,
        '{"title":' * DEEP + "1" + "}" * DEEP,
        '{"title": ' + "9" * 5_000 + "}",
        '{"title": 1e999, "total_budget": NaN}',
        '{"title": "\\ud800"}',
        '{"title": "a\\u0000b"}',
        '{"title": "a", "title": "b"}',
        "\x00",
        "null",
        "",
    ],
    ids=range(10),
)
def test_odd_bodies_are_refused_by_the_api(
    app: Flask, client: Client, values: dict[str, str], bearer: dict[str, str], body: str
) -> None:
    before = count_of_campaigns()
    for method, rule in routes.unsafe(app):
        if routes.takes_tokens(rule):
            answer = client.open(
                routes.address(app, rule, values),
                method=method,
                data=body,
                headers={**bearer, "If-Match": '"1"', "Content-Type": "application/json"},
            )
            assert not broken(answer.status_code), (rule, answer.text[:300])
            assert answer.mimetype in ("application/json", "application/problem+json"), rule
    assert count_of_campaigns() == before


def count_of_campaigns() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Campaign)) or 0
