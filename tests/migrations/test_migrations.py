"""Migrations lead, both ways and on both databases, to exactly the tables that the models say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from tests.support.databases import application
from tests.support.postgres import Postgres
from webapp.core.config import Settings
from webapp.core.db import Base, db

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
VERSIONS = sorted((FOLDER / "versions").glob("*.py"))
# Kept by hand-written SQL, so in no model.
SEARCH = re.compile(r"campaign_search|ix_campaign_search|audit_(event|seal)_(update|delete)")

POSTGRESQL_SCHEMA = """
SELECT 'constraint', conname::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'column', table_name || '.' || column_name,
 concat_ws(' ', data_type, character_maximum_length, collation_name, is_nullable, column_default)
 FROM information_schema.columns WHERE table_schema = 'public'
"""
# SQLAlchemy cannot read it back; its text is compared here all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index .?uq_operator_email")
SQLITE_INDEXES = (
    "SELECT 'index', name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table'"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database in which nothing was made yet."""
    if request.param == "sqlite":
        with application(_settings(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)) as app:
            yield app
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.create_database("flightdeck_migrations")
    try:
        with application(_settings(url, tmp_path)) as app:
            yield app
    finally:
        server.drop_database("flightdeck_migrations")


def _settings(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, instance_dir=folder, log_level="WARNING")


def config_of(app: Flask) -> Config:
    config: Config = app.extensions["migrate"].migrate.get_config()
    return config


def schema() -> dict[tuple[str, str], str]:
    """What the database holds, by kind and name, in the database's own words."""
    rows: list[Any]
    if db.engine.dialect.name == "postgresql":
        rows = list(db.session.execute(text(POSTGRESQL_SCHEMA)))
    else:
        rows = [*db.session.execute(text(SQLITE_INDEXES)), *_sqlite_tables()]
    db.session.rollback()
    return {
        (kind, name): " ".join(str(definition).split())
        for kind, name, definition in rows
        if not SEARCH.match(name) and not name.startswith("alembic_version")
    }


def _sqlite_tables() -> Iterator[tuple[str, str, str]]:
    seen = inspect(db.session.connection())
    for table in seen.get_table_names():
        for column in seen.get_columns(table):
            kind = f"{column['type']} {column['nullable']} {column['default']}"
            yield "column", f"{table}.{column['name']}", kind
        yield "constraint", f"{table} key", str(seen.get_pk_constraint(table))
        for found in (*seen.get_check_constraints(table), *seen.get_unique_constraints(table)):
            yield "constraint", f"{table} {found['name']}", str(found)
        for key in seen.get_foreign_keys(table):
            # Of a column that was added later it does not know the name.
            told = {part: value for part, value in key.items() if part != "name"}
            yield "constraint", f"{table} {key['constrained_columns']}", str(told)


def test_the_models_are_what_the_migrations_make(empty_app: Flask) -> None:
    command.upgrade(config_of(empty_app), "head")
    command.check(config_of(empty_app))
    migrated = schema()
    command.downgrade(config_of(empty_app), "base")
    db.create_all()

    assert migrated == schema()


def test_every_step_can_be_taken_back_and_taken_again(empty_app: Flask) -> None:
    config = config_of(empty_app)
    command.upgrade(config, "head")
    first = schema()
    for _ in VERSIONS:
        command.downgrade(config, "-1")
    assert schema() == {}
    command.upgrade(config, "head")

    assert schema() == first


def test_there_is_one_head_and_the_numbers_follow_each_other() -> None:
    scripts = ScriptDirectory(str(FOLDER))
    assert len(scripts.get_heads()) == 1
    order = [script.revision for script in scripts.walk_revisions()]
    assert order == [path.name.split("_")[0] for path in reversed(VERSIONS)]
    assert order[::-1] == [f"{number:04}" for number in range(1, len(VERSIONS) + 1)]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_does_not_import_the_application(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [alias.name for alias in getattr(node, "names", [])]
        modules += [getattr(node, "module", None) or ""]
        assert not [name for name in modules if name.split(".")[0] in ("webapp", "tests")]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_constraint_has_a_name_that_says_table_and_kind(table) -> None:
    prefixes = {
        "PrimaryKeyConstraint": "pk_",
        "ForeignKeyConstraint": "fk_",
        "UniqueConstraint": "uq_",
        "CheckConstraint": "ck_",
    }
    for constraint in table.constraints:
        assert str(constraint.name).startswith(
            f"{prefixes[type(constraint).__name__]}{table.name}"
        ), constraint
    for index in table.indexes:
        start = "uq_" if index.unique else "ix_"
        assert index.name.startswith(f"{start}{table.name}"), index
