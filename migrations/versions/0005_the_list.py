"""The list: notes and owners, saved views, bulk jobs, and what operators prefer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("notes", sa.Text(), nullable=True))
    # Said plainly: making this large table anew would lose the triggers of its search index.
    op.execute(
        "ALTER TABLE campaign ADD COLUMN owner_id INTEGER "
        "CONSTRAINT fk_campaign_owner_id_operator REFERENCES operator (id)"
    )
    key = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
    op.add_column("campaign", sa.Column("owner_key", key, nullable=False, server_default=""))
    op.add_column("operator", sa.Column("home_view", sa.String(40), nullable=True))
    op.add_column(
        "operator",
        sa.Column("single_keys", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    _create_saved_view()
    _create_bulk_job()
    _create_bulk_item()


def _create_saved_view() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_saved_view_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.UniqueConstraint("uuid", name="uq_saved_view_uuid"),
    )
    op.create_index("ix_saved_view_operator", "saved_view", ["operator_id", "name"])
    op.create_index("ix_saved_view_shared", "saved_view", ["is_shared", "name"])


def _create_bulk_job() -> None:
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(254), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("list_arguments", sa.JSON(), nullable=True),
        sa.Column("operation", sa.JSON(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("left_out_count", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_digest", sa.String(64), nullable=True),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=True),
        sa.Column("heartbeat_at", UTC_TIME, nullable=True),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("kind IN ('edit', 'import', 'undo')", name="kind"),
        sa.CheckConstraint(
            "state IN ('draft', 'queued', 'running', 'paused', 'finished', 'cancelled')",
            name="state",
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_bulk_job_operator_id_operator"
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["bulk_job.id"], name="fk_bulk_job_undoes_id_bulk_job"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_job"),
        sa.UniqueConstraint("uuid", name="uq_bulk_job_uuid"),
    )
    op.create_index("ix_bulk_job_state", "bulk_job", ["state", "id"])
    op.create_index("ix_bulk_job_operator", "bulk_job", ["operator_id", "id"])
    op.create_index("ix_bulk_job_file", "bulk_job", ["file_digest"])


def _create_bulk_item() -> None:
    op.create_table(
        "bulk_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'done', 'unchanged', 'failed', 'left out')", name="state"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name="fk_bulk_item_job_id_bulk_job"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_bulk_item_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_item"),
        sa.UniqueConstraint("key", name="uq_bulk_item_key"),
    )
    op.create_index("ix_bulk_item_job", "bulk_item", ["job_id", "state", "id"])
    op.create_index("ix_bulk_item_campaign", "bulk_item", ["campaign_id"])


def downgrade() -> None:
    for table in ("bulk_item", "bulk_job", "saved_view"):
        op.drop_table(table)
    for column in ("single_keys", "home_view"):
        op.drop_column("operator", column)
    for column in ("owner_key", "owner_id", "notes"):
        op.drop_column("campaign", column)
