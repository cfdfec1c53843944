"""Runs migrations inside the application: its database, its tables, its logging."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from webapp.core.db import Base

SEARCH_NAMES = ("campaign_search", "ix_campaign_search")
# Where rows without a value stand in them is written down in a way that is not compared.
NAMES_WITH_GAPS = (
    *("created", "advertisers_created", "updated", "synced"),
    *("revenue", "duration", "source"),
)
ORDERS_WITH_GAPS = {f"ix_campaign_list_{name}" for name in NAMES_WITH_GAPS}


def include(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """The search index is kept by hand-written SQL: it is in no model."""
    if kind == "index" and name in ORDERS_WITH_GAPS:
        return False
    return not (kind in ("table", "index") and (name or "").startswith(SEARCH_NAMES))


@contextmanager
def _tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew: meanwhile, what refers to it refers to nothing."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        lost = driver.execute("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise RuntimeError(f"The migration left rows that refer to nothing: {lost[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _connected() -> Iterator[Connection]:
    """The connection that was handed over, as a restore does; else one of the application's."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        yield given
        return
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        yield connection


def run() -> None:
    with _connected() as connection, _tables_may_be_made_anew(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            include_object=include,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
