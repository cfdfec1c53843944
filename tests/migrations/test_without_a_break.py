"""While a release is brought in, the one before it goes on: what it reads and writes stays.

``migrations/released.txt`` names the newest migration of the release before. The rule, and how to
get rid of something in two releases, is in docs/deploy.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import MetaData, insert, inspect, select

from tests.migrations.test_migrations import FOLDER, config_of, empty_app
from webapp.core.db import db

__all__ = ["empty_app"]

RELEASED = (FOLDER / "released.txt").read_text().strip()
# Table and column that the release before has stopped to read and write; it may go now.
RETIRED: frozenset[tuple[str, str]] = frozenset()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index .?uq_operator_email")


@dataclass(frozen=True)
class Column:
    kind: str
    nullable: bool
    has_default: bool


@dataclass(frozen=True)
class Table:
    columns: dict[str, Column]
    unique: frozenset[tuple[str, ...]]


Schema = dict[str, Table]


def schema_now() -> Schema:
    with db.engine.connect() as connection:
        seen = inspect(connection)
        return {
            name: Table(
                {each["name"]: _column(each) for each in seen.get_columns(name)},
                frozenset(_unique(seen, name)),
            )
            for name in seen.get_table_names()
            if name != "alembic_version" and not name.startswith("campaign_search")
        }


def _column(told: Any) -> Column:
    is_made = told["default"] is not None or bool(told.get("autoincrement") is True)
    return Column(str(told["type"]), bool(told["nullable"]), is_made)


def _unique(seen: Any, table: str) -> Iterator[tuple[str, ...]]:
    for key in seen.get_unique_constraints(table):
        yield tuple(key["column_names"])
    for index in seen.get_indexes(table):
        if index["unique"]:
            yield tuple(str(name) for name in index["column_names"])


def breaks(before: Schema, after: Schema) -> list[str]:
    """What the release before would stumble over."""
    found = []
    for name, table in before.items():
        now = after.get(name)
        if now is None:
            found.append(f"{name} is gone")
            continue
        found += [f"{name}.{text}" for text in _breaks_of(table, now)]
        # One with a column that it does not know is empty in all that it writes.
        keys = {key for key in now.unique - table.unique if set(key) <= set(table.columns)}
        found += [f"{name}: {key} must be unique now" for key in sorted(keys)]
    return [text for text in found if tuple(text.split(" ")[0].split(".")) not in RETIRED]


def _breaks_of(before: Table, after: Table) -> Iterator[str]:
    for name, column in before.columns.items():
        now = after.columns.get(name)
        if now is None:
            yield f"{name} is gone"
        elif now.kind != column.kind:
            yield f"{name} is {now.kind}, and was {column.kind}"
        elif column.nullable and not now.nullable:
            yield f"{name} must be given now"
    for name, column in after.columns.items():
        if name not in before.columns and not (column.nullable or column.has_default):
            yield f"{name} must be given, by a release that does not know it"


def test_no_migration_since_the_last_release_breaks_it(empty_app: Flask) -> None:
    config = config_of(empty_app)
    command.upgrade(config, RELEASED)
    before = schema_now()
    command.upgrade(config, "head")
    assert breaks(before, schema_now()) == []


def test_the_release_before_reads_and_writes_on_after_the_migration(empty_app: Flask) -> None:
    """By the tables as it knows them."""
    config = config_of(empty_app)
    command.upgrade(config, RELEASED)
    old = MetaData()
    with db.engine.connect() as connection:
        old.reflect(connection)
    command.upgrade(config, "head")
    with db.engine.begin() as connection:
        for name, row in ROWS:
            connection.execute(insert(old.tables[name]).values(row))
    with db.engine.connect() as connection:
        for table in old.sorted_tables:
            if not table.name.startswith("campaign_search"):
                connection.execute(select(table)).all()
        titles = connection.scalars(select(old.tables["campaign"].c.title)).all()
    assert titles == ["Spring"]


ROWS: list[tuple[str, dict[str, Any]]] = [
    (
        "connection",
        {
            "id": 1,
            "platform": "megaphone",
            "name": "M",
            "base_url": "",
            "external_id": "o",
            "state": "active",
            "retry_tokens": 10.0,
            "observation": 0,
            "created_at": NOW,
        },
    ),
    (
        "campaign",
        {
            "id": 1,
            "uuid": "7d0f3f7e-41cf-4f0c-9a2e-0f6a2a3f9a11",
            "connection_id": 1,
            "title": "Spring",
            "copy_needed": False,
            "created_at": NOW,
            "changed_at": NOW,
            "version": 1,
            **dict.fromkeys(("title_key", "advertiser_key", "external_key", "budget_key"), ""),
            "search_text": "spring",
            "sync_state": "confirmed",
            "observed": 0,
            "missed_runs": 0,
        },
    ),
    (
        "audit_event",
        {
            "at": NOW,
            "actor": "ana@example.com",
            "source": "web",
            "object_type": "campaign",
            "object_id": 1,
            "object_label": "Spring",
            "action": "changed",
        },
    ),
]


def test_the_last_release_is_one_of_the_migrations() -> None:
    known = {each.revision for each in ScriptDirectory(str(FOLDER)).walk_revisions()}
    assert RELEASED in known
    assert "Without a break" in (Path(FOLDER).parent / "docs" / "deploy.md").read_text()


BEFORE = {"t": Table({"a": Column("TEXT", True, False)}, frozenset())}


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ({}, "t is gone"),
        ({"t": Table({}, frozenset())}, "t.a is gone"),
        ({"t": Table({"a": Column("INTEGER", True, False)}, frozenset())}, "t.a is INTEGER"),
        ({"t": Table({"a": Column("TEXT", False, False)}, frozenset())}, "t.a must be given"),
        (
            {"t": Table(BEFORE["t"].columns | {"b": Column("TEXT", False, False)}, frozenset())},
            "t.b must be given",
        ),
        ({"t": Table(BEFORE["t"].columns, frozenset({("a",)}))}, "t: ('a',) must be unique"),
    ],
)
def test_what_would_break_it_is_found(after: Schema, problem: str) -> None:
    (found,) = breaks(BEFORE, after)
    assert found.startswith(problem)


def test_what_is_only_added_breaks_nothing() -> None:
    added = {"b": Column("TEXT", True, False), "c": Column("TEXT", False, True)}
    after = {"t": Table(BEFORE["t"].columns | added, frozenset()), "u": BEFORE["t"]}
    assert breaks(BEFORE, after) == []
