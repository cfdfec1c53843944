"""What the whole sync protocol keeps: holds, breaker, undo, brake, calls, budgets, duplicates."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)
# SQLite makes a table anew to change its checks: only that one is to be read.
ALONE = {"resolve_fks": False}

CHANGE_STATE = (
    "state IN ('ready', 'held', 'claimed', 'sent', 'settling', 'probing', 'applied', 'rejected', "
    "'parked', 'superseded', 'cancelled')"
)
OLD_CHANGE_STATE = (
    "state IN ('ready', 'claimed', 'sent', 'settling', 'probing', 'applied', 'rejected', "
    "'parked', 'superseded')"
)
RUN_STATE = (
    "state IN ('requested', 'running', 'complete', 'incomplete', 'failed', 'lost', 'braked', "
    "'cancelled')"
)
OLD_RUN_STATE = (
    "state IN ('requested', 'running', 'complete', 'incomplete', 'failed', 'lost', 'braked')"
)


def text(name, length=None):
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=True)


def time(name):
    return sa.Column(name, UTC_TIME, nullable=True)


def document(name):
    return sa.Column(name, sa.JSON(), nullable=True)


def count(name):
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


CONNECTION = (
    lambda: text("pause_kind", 20),
    lambda: time("held_at"),
    lambda: text("held_by", 254),
    lambda: text("hold_reason", 500),
    lambda: count("failures"),
    lambda: time("trial_at"),
    lambda: sa.Column("retry_tokens", sa.Double(), nullable=False, server_default="10"),
    lambda: sa.Column("marker_mode", sa.String(10), nullable=False, server_default="stored"),
    lambda: document("capabilities"),
    lambda: time("checked_at"),
)
CHANGE = (
    lambda: time("not_before"),
    lambda: sa.Column("lane", sa.String(64), nullable=False, server_default=""),
    lambda: document("before"),
    lambda: document("after"),
    lambda: sa.Column("undoes_id", sa.Integer(), nullable=True),
    lambda: text("held_by", 254),
    lambda: time("failing_since"),
    lambda: text("error_code", 20),
)
SYNC_RUN = (
    lambda: count("gone_count"),
    lambda: count("duplicate_count"),
    lambda: count("retry_count"),
    lambda: text("stage", 12),
    lambda: text("cursor"),
    lambda: sa.Column("resumes_id", sa.Integer(), nullable=True),
    lambda: text("cancelled_by", 254),
    lambda: document("approved"),
    lambda: document("brake"),
    lambda: text("brake_decision", 10),
    lambda: text("brake_decided_by", 254),
    lambda: time("brake_decided_at"),
)


def upgrade() -> None:
    for column in CONNECTION:
        op.add_column("connection", column())
    op.add_column("conflict", text("decided_by", 254))
    op.add_column("campaign", text("marker"))
    marked = sa.text("marker IS NOT NULL")
    op.create_index(
        "ix_campaign_marker",
        "campaign",
        ["connection_id", "marker"],
        sqlite_where=marked,
        postgresql_where=marked,
    )
    with op.batch_alter_table("change", reflect_kwargs=ALONE) as batch:
        _replace_state(batch, "change", CHANGE_STATE)
        for column in CHANGE:
            batch.add_column(column())
        batch.create_foreign_key(
            op.f("fk_change_undoes_id_change"), "change", ["undoes_id"], ["id"]
        )
    op.create_index("ix_change_lane", "change", ["lane", "sent_at"])
    with op.batch_alter_table("sync_run", reflect_kwargs=ALONE) as batch:
        _replace_state(batch, "sync_run", RUN_STATE)
        for column in SYNC_RUN:
            batch.add_column(column())
        batch.create_foreign_key(
            op.f("fk_sync_run_resumes_id_sync_run"), "sync_run", ["resumes_id"], ["id"]
        )
    _create_pulled_change()
    _create_duplicate()
    _create_request_log()
    op.create_table(
        "rate_budget",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rate_budget"),
    )


def _replace_state(batch, table: str, rule: str) -> None:
    name = op.f(f"ck_{table}_state")
    batch.drop_constraint(name, type_="check")
    batch.create_check_constraint(name, rule)


def _create_pulled_change() -> None:
    op.create_table(
        "pulled_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        text("field_group", 20),
        document("before"),
        document("after"),
        time("undone_at"),
        text("undone_by", 254),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name="fk_pulled_change_run_id_sync_run"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_pulled_change_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pulled_change"),
    )
    op.create_index("ix_pulled_change_run", "pulled_change", ["run_id", "id"])
    op.create_index("ix_pulled_change_campaign", "pulled_change", ["campaign_id", "id"])


def _create_duplicate() -> None:
    op.create_table(
        "duplicate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(64), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", UTC_TIME, nullable=False),
        time("closed_at"),
        text("closed_by", 254),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_duplicate_connection_id_connection"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_duplicate_campaign_id_campaign"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name="fk_duplicate_run_id_sync_run"),
        sa.PrimaryKeyConstraint("id", name="pk_duplicate"),
        sa.UniqueConstraint("campaign_id", "remote_id", name="uq_duplicate_campaign_id_remote_id"),
    )


def _create_request_log() -> None:
    op.create_table(
        "request_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("priority", sa.String(10), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        text("remote_request_id", 100),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("change_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_request_log_connection_id_connection"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name="fk_request_log_run_id_sync_run"),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change.id"], name="fk_request_log_change_id_change"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_request_log"),
    )
    op.create_index("ix_request_log_at", "request_log", ["connection_id", "at"])
    op.create_index("ix_request_log_run", "request_log", ["run_id", "id"])
    op.create_index("ix_request_log_change", "request_log", ["change_id", "id"])


def downgrade() -> None:
    for table in ("rate_budget", "request_log", "duplicate", "pulled_change"):
        op.drop_table(table)
    # What the older release does not know is brought into words that it has.
    op.execute("UPDATE change SET state = 'ready' WHERE state = 'held'")
    op.execute("UPDATE change SET state = 'superseded' WHERE state = 'cancelled'")
    op.execute("UPDATE sync_run SET state = 'incomplete' WHERE state = 'cancelled'")
    op.drop_index("ix_change_lane", "change")
    with op.batch_alter_table("sync_run", reflect_kwargs=ALONE) as batch:
        _replace_state(batch, "sync_run", OLD_RUN_STATE)
        batch.drop_constraint(op.f("fk_sync_run_resumes_id_sync_run"), type_="foreignkey")
        for column in SYNC_RUN:
            batch.drop_column(column().name)
    with op.batch_alter_table("change", reflect_kwargs=ALONE) as batch:
        _replace_state(batch, "change", OLD_CHANGE_STATE)
        batch.drop_constraint(op.f("fk_change_undoes_id_change"), type_="foreignkey")
        for column in CHANGE:
            batch.drop_column(column().name)
    op.drop_index("ix_campaign_marker", "campaign")
    op.drop_column("campaign", "marker")
    op.drop_column("conflict", "decided_by")
    for column in CONNECTION:
        op.drop_column("connection", column().name)
