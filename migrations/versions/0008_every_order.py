"""Indexes for every order of the list, and for what its views ask."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# By the name behind ix_campaign_list_: the columns in front of id and archived_at.
ORDERS = {
    "sync": ("sync_state", "changed_at"),
    "copy": ("copy_needed", "changed_at"),
    "owner": ("owner_key", "changed_at"),
    "created": ("remote_created_at",),
    "updated": ("remote_updated_at",),
    "synced": ("synced_at",),
    "revenue": ("total_revenue_currency", "total_revenue_minor"),
    "duration": ("duration_seconds",),
    "source": ("booking_source",),
}
# PostgreSQL puts rows without a value last unless told; SQLite first.
NULLABLE = (
    "remote_created_at",
    "remote_updated_at",
    "synced_at",
    "total_revenue_currency",
    "total_revenue_minor",
    "duration_seconds",
    "booking_source",
)
PARTS = {
    "of_owner": ("owner_id", "owner_id IS NOT NULL"),
    "no_budget": (None, "budget_key = ''"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE campaign ALTER COLUMN booking_source TYPE text COLLATE "C"')
    op.drop_index("ix_campaign_list_sync", "campaign")
    op.drop_index("ix_campaign_booked", "campaign")
    op.drop_index("ix_campaign_archived", "campaign")
    for name, columns in ORDERS.items():
        op.create_index(
            f"ix_campaign_list_{name}",
            "campaign",
            [*columns, "id", "archived_at"],
            postgresql_ops={column: "NULLS FIRST" for column in columns if column in NULLABLE},
        )
    op.create_index(
        "ix_campaign_advertisers_list",
        "campaign",
        ["advertiser_id", "changed_at", "id", "archived_at"],
    )
    for name, (first, rule) in PARTS.items():
        columns = [first] if first else []
        _create_part(name, [*columns, "changed_at", "id", "archived_at"], rule)
    _create_part("archived", ["changed_at", "id"], "archived_at IS NOT NULL")


def _create_part(name: str, columns: list[str], rule: str) -> None:
    op.create_index(
        f"ix_campaign_{name}",
        "campaign",
        columns,
        sqlite_where=sa.text(rule),
        postgresql_where=sa.text(rule),
    )


def downgrade() -> None:
    for name in ("archived", *PARTS, "advertisers_list"):
        op.drop_index(f"ix_campaign_{name}", "campaign")
    for name in ORDERS:
        op.drop_index(f"ix_campaign_list_{name}", "campaign")
    _create_part("archived", ["id"], "archived_at IS NOT NULL")
    op.create_index("ix_campaign_booked", "campaign", ["remote_created_at"])
    op.create_index("ix_campaign_list_sync", "campaign", ["sync_state", "id", "archived_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE campaign ALTER COLUMN booking_source TYPE text COLLATE "default"')
