"""Turns are counted by claims, a run keeps the first ids of what it missed, the newest is found."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without claims every lane seems to wait for its first turn: each gets one, and then it counts.
    op.add_column("change", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_change_lane", "change")
    op.create_index("ix_change_lane", "change", ["lane", "claimed_at"])
    op.add_column("sync_run", sa.Column("missing", sa.JSON(), nullable=True))
    op.create_index("ix_sync_run_newest", "sync_run", ["connection_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_sync_run_newest", "sync_run")
    op.drop_column("sync_run", "missing")
    op.drop_index("ix_change_lane", "change")
    op.create_index("ix_change_lane", "change", ["lane", "sent_at"])
    op.drop_column("change", "claimed_at")
