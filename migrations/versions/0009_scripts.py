"""Scripts: scopes and lifetimes of tokens, answers kept for repeated requests, request counts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        table.add_column(
            sa.Column("scopes", sa.String(40), nullable=False, server_default="read write sync")
        )
        table.add_column(
            sa.Column("per_window", sa.Integer(), nullable=False, server_default="3000")
        )
        table.add_column(sa.Column("expires_at", UTC_TIME, nullable=True))
        table.add_column(sa.Column("last_used_at", UTC_TIME, nullable=True))
        table.add_column(sa.Column("previous_digest", sa.String(64), nullable=True))
        table.add_column(sa.Column("previous_until", UTC_TIME, nullable=True))
        table.create_unique_constraint("uq_api_token_previous_digest", ["previous_digest"])
    op.execute("UPDATE api_token SET scopes = 'read' WHERE role = 'viewer'")
    with op.batch_alter_table("api_token") as table:
        table.drop_constraint(op.f("ck_api_token_role"), type_="check")
        table.drop_column("role")
        table.alter_column("scopes", server_default=None, existing_type=sa.String(40))
        table.alter_column("per_window", server_default=None, existing_type=sa.Integer())
    # Said plainly, and last: looking at a table that refers to operators warns of their index.
    op.execute(
        "ALTER TABLE api_token ADD COLUMN operator_id INTEGER "
        "CONSTRAINT fk_api_token_operator_id_operator REFERENCES operator (id)"
    )
    op.create_table(
        "api_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("claimed_until", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name="fk_api_answer_token_id_api_token"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_answer"),
        sa.UniqueConstraint("token_id", "key", name="uq_api_answer_token_id_key"),
    )
    op.create_index("ix_api_answer_created", "api_answer", ["created_at"])
    op.create_table(
        "api_window",
        sa.Column("caller", sa.String(80), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "started_at", name="pk_api_window"),
    )


def downgrade() -> None:
    op.drop_table("api_window")
    op.drop_table("api_answer")
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("role", sa.String(10), nullable=False, server_default="viewer"))
    op.execute("UPDATE api_token SET role = 'manager' WHERE scopes LIKE '%write%'")
    with op.batch_alter_table("api_token") as table:
        table.alter_column("role", server_default=None, existing_type=sa.String(10))
        table.create_check_constraint(op.f("ck_api_token_role"), "role IN ('manager', 'viewer')")
        table.drop_constraint("uq_api_token_previous_digest", type_="unique")
        for column in (
            "scopes",
            "per_window",
            "operator_id",
            "expires_at",
            "last_used_at",
            "previous_digest",
            "previous_until",
        ):
            table.drop_column(column)
