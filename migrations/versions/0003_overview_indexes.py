"""Indexes that answer the overview's sums and counts, and questions about the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_campaign_of_advertiser", "campaign")
    op.create_index(
        "ix_campaign_of_advertiser",
        "campaign",
        ["advertiser_id", "total_budget_currency", "archived_at", "total_budget_minor"],
    )
    op.create_index("ix_campaign_booked", "campaign", ["remote_created_at"])
    op.create_index(
        "ix_campaign_archived",
        "campaign",
        ["id"],
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_campaign_archived", "campaign")
    op.drop_index("ix_campaign_booked", "campaign")
    op.drop_index("ix_campaign_of_advertiser", "campaign")
    op.create_index("ix_campaign_of_advertiser", "campaign", ["advertiser_id", "archived_at"])
