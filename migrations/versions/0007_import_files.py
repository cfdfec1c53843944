"""Files that were given for import, as they came, and what was read of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("same_count", sa.Integer(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name="fk_import_file_job_id_bulk_job"),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_import_file_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_file"),
        sa.UniqueConstraint("uuid", name="uq_import_file_uuid"),
    )
    op.create_index("ix_import_file_digest", "import_file", ["digest", "id"])
    op.create_index("ix_import_file_job", "import_file", ["job_id"])


def downgrade() -> None:
    op.drop_table("import_file")
