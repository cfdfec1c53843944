"""Campaigns of one advertiser in the order in which they were booked: what scripts ask for most."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NAME = "ix_campaign_list_advertisers_created"


def upgrade() -> None:
    op.create_index(
        NAME,
        "campaign",
        ["advertiser_id", "remote_created_at", "id", "archived_at"],
        postgresql_ops={"remote_created_at": "NULLS FIRST"},
    )


def downgrade() -> None:
    op.drop_index(NAME, "campaign")
