"""Indexes for what the list's views and filters ask: small parts, and fewer rows to look up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ORDER = ("changed_at", "id", "archived_at")
OFTEN_ASKED = ("total_budget_minor", "total_budget_currency", "copy_needed")
# By the name behind ix_campaign_: the columns, and for which rows.
PARTS: dict[str, tuple[Sequence[str], str]] = {
    "unconfirmed": (["sync_state", *ORDER], "sync_state <> 'confirmed'"),
    "no_budget": (ORDER, "total_budget_minor IS NULL"),
    "noted": (ORDER, "notes IS NOT NULL"),
    "archived": ([*ORDER, *OFTEN_ASKED], "archived_at IS NOT NULL"),
}
BEFORE: dict[str, tuple[Sequence[str], str]] = {
    "no_budget": (ORDER, "budget_key = ''"),
    "archived": (ORDER[:2], "archived_at IS NOT NULL"),
}
OF_ADVERTISER = ("advertiser_id", "total_budget_currency", "archived_at")


def upgrade() -> None:
    _drop([*BEFORE, "of_advertiser"])
    _create_parts(PARTS)
    columns = [*OF_ADVERTISER, "copy_needed", "total_budget_minor"]
    op.create_index("ix_campaign_of_advertiser", "campaign", columns)
    op.create_index("ix_sync_run_requested", "sync_run", ["requested_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_sync_run_requested", "sync_run")
    _drop([*PARTS, "of_advertiser"])
    _create_parts(BEFORE)
    columns = [*OF_ADVERTISER, "total_budget_minor"]
    op.create_index("ix_campaign_of_advertiser", "campaign", columns)


def _drop(names: list[str]) -> None:
    for name in names:
        op.drop_index(f"ix_campaign_{name}", "campaign")


def _create_parts(parts: dict[str, tuple[Sequence[str], str]]) -> None:
    for name, (columns, rule) in parts.items():
        where = sa.text(rule)
        op.create_index(
            f"ix_campaign_{name}",
            "campaign",
            list(columns),
            sqlite_where=where,
            postgresql_where=where,
        )
