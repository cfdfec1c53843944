"""Fetching changes nothing: every row of every table is the same before and after.

Three notes are left all the same, none of which is anybody's data: when a session was last used,
when a token was, and how many requests an address or a token has left in its quarter of an hour.
"""

import hashlib
import re

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.core.db import Model, db

HTMX = {"HX-Request": "true"}
COUNTED = "api_window"
WRITE = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|WITH\b.*\b(INSERT|UPDATE))", re.I | re.S
)
NOTE = re.compile(
    r"\s*(INSERT INTO api_window |UPDATE api_token SET last_used_at=[^,]+ WHERE"
    r"|UPDATE operator_session SET last_seen_at=[^,]+ WHERE)"
)
LEFT_OUT = {
    "operator_session": {"last_seen_at"},
    "api_token": {"last_used_at"},
}


def digests() -> dict[str, str]:
    """What every table holds, save the notes named above."""
    db.session.rollback()
    found = {}
    for table in Model.metadata.sorted_tables:
        left_out = LEFT_OUT.get(table.name, set())
        columns = [column for column in table.columns if column.name not in left_out]
        rows = sorted(repr(tuple(row)) for row in db.session.execute(select(*columns)))
        found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    db.session.rollback()
    return found


@pytest.fixture
def values(app: Flask) -> dict[str, str]:
    found = routes.values()
    db.session.commit()
    return found


def test_what_is_left_out_is_there_and_everything_else_is_compared(app: Flask) -> None:
    tables = Model.metadata.tables
    assert all(set(names) <= set(tables[table].columns.keys()) for table, names in LEFT_OUT.items())
    assert COUNTED in tables
    before = digests()
    factories.campaign()
    db.session.commit()
    after = digests()
    assert {"campaign"} <= {name for name in before if before[name] != after[name]}


def writes(statements: list[str]) -> list[str]:
    """Those that write, save the notes."""
    return [text for text in statements if WRITE.match(text) and not NOTE.match(text)]


@pytest.mark.parametrize("role", [None, "admin"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_no_page_changes_anything_by_being_fetched(
    app: Flask,
    client: Client,
    values: dict[str, str],
    role: str | None,
    headers: dict[str, str],
) -> None:
    if role:
        signed_in(client, factories.operator(role))
        db.session.commit()
    before = digests()
    for rule in routes.rules(app, "GET"):
        address = routes.address(app, rule, values)
        with count_statements() as statements:
            for method in ("GET", "HEAD", "OPTIONS"):
                client.open(address, method=method, headers=headers)
        assert not writes(statements), rule
    after = digests()
    assert {name for name in before if before[name] != after[name]} <= {COUNTED}


def test_nothing_is_changed_by_what_a_script_reads(
    app: Flask, client: Client, values: dict[str, str]
) -> None:
    bearer = {"Authorization": f"Bearer {factories.api_token('read write sync admin')}"}
    db.session.commit()
    before = digests()
    for rule in routes.rules(app, "GET"):
        if routes.takes_tokens(rule):
            with count_statements() as statements:
                client.get(routes.address(app, rule, values), headers=bearer)
            assert not writes(statements), rule
    after = digests()
    assert {name for name in before if before[name] != after[name]} <= {COUNTED}


def test_nothing_is_recorded_of_a_page_that_was_only_read(
    app: Flask, client: Client, values: dict[str, str]
) -> None:
    signed_in(client, factories.operator("admin"))
    last = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first()
    for rule in routes.rules(app, "GET"):
        client.get(routes.address(app, rule, values) + "?archive=1&delete=1&state=archived")
    db.session.rollback()
    assert db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first() == last
