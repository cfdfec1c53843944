"""Runs migrations inside the application: its database, its tables, its logging."""

from alembic import context
from flask import current_app

from webapp.core.db import Base

SEARCH_NAMES = ("campaign_search", "ix_campaign_search")


def include(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """The search index is kept by hand-written SQL: it is in no model."""
    return not (kind in ("table", "index") and (name or "").startswith(SEARCH_NAMES))


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
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
