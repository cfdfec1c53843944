"""The first tables: connections, people, campaigns, their changes, sync runs, the audit record."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)


def key(length: int) -> sa.types.TypeEngine[str]:
    """Text compared byte by byte, so that both databases sort it alike."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("revoked_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("role IN ('manager', 'viewer')", name="role"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
        sa.UniqueConstraint("name", name="uq_api_token_name"),
    )
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_reason", sa.String(length=500), nullable=True),
        sa.Column("credential_digest", sa.String(length=64), nullable=True),
        sa.Column("observation", sa.BigInteger(), nullable=False),
        sa.Column("last_attempt_at", UTC_TIME, nullable=True),
        sa.Column("last_success_at", UTC_TIME, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused', 'detached')", name="state"),
        sa.PrimaryKeyConstraint("id", name="pk_connection"),
        sa.UniqueConstraint("platform", "external_id", name="uq_connection_platform_external_id"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "operator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("last_sign_in_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("role IN ('manager', 'viewer')", name="role"),
        sa.PrimaryKeyConstraint("id", name="pk_operator"),
    )
    op.create_table(
        "sign_in_throttle",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_throttle"),
    )
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("remote_created_at", UTC_TIME, nullable=True),
        sa.Column("remote_updated_at", UTC_TIME, nullable=True),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("synced_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_agency_connection_id_connection"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agency"),
        sa.UniqueConstraint("connection_id", "remote_id", name="uq_agency_connection_id_remote_id"),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("object_type", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("object_label", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("actor <> ''", name="actor"),
        sa.CheckConstraint(
            "source IN ('web', 'api', 'sync', 'bulk', 'import', 'cli')",
            name="source",
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_audit_event_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
    )
    op.create_index(
        "ix_audit_event_object_type_object_id_id",
        "audit_event",
        ["object_type", "object_id", "id"],
        unique=False,
    )
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.String(length=254), nullable=True),
        sa.Column("requested_at", UTC_TIME, nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=True),
        sa.Column("heartbeat_at", UTC_TIME, nullable=True),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.Column("remote_total", sa.Integer(), nullable=True),
        sa.Column("read_count", sa.Integer(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("set_aside_count", sa.Integer(), nullable=False),
        sa.Column("missing_count", sa.Integer(), nullable=False),
        sa.Column("advertiser_count", sa.Integer(), nullable=False),
        sa.Column("agency_count", sa.Integer(), nullable=False),
        sa.Column("request_count", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("set_aside", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('requested', 'running', 'complete', 'incomplete', 'failed', 'lost', "
            "'braked')",
            name="state",
        ),
        sa.CheckConstraint("trigger IN ('start', 'schedule', 'operator')", name="trigger"),
        sa.CheckConstraint(
            "read_count = created_count + updated_count + unchanged_count + set_aside_count",
            name="balance",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_sync_run_connection_id_connection"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sync_run"),
        sa.UniqueConstraint("connection_id", "due_at", name="uq_sync_run_connection_id_due_at"),
    )
    op.create_index(
        "uq_sync_run_open",
        "sync_run",
        ["connection_id", "state"],
        unique=True,
        sqlite_where=sa.text("state IN ('requested', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'running')"),
    )
    op.create_table(
        "advertiser",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key",
            key(120),
            nullable=False,
        ),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("competitive_categories", sa.Text(), nullable=True),
        sa.Column("remote_created_at", UTC_TIME, nullable=True),
        sa.Column("remote_updated_at", UTC_TIME, nullable=True),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("synced_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name="fk_advertiser_agency_id_agency"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name="fk_advertiser_connection_id_connection",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_advertiser"),
        sa.UniqueConstraint(
            "connection_id", "remote_id", name="uq_advertiser_connection_id_remote_id"
        ),
    )
    op.create_index("ix_advertiser_agency_id", "advertiser", ["agency_id"])
    op.create_index("ix_advertiser_name_key_id", "advertiser", ["name_key", "id"])
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("advertiser_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("total_budget_minor", sa.BigInteger(), nullable=True),
        sa.Column("total_budget_currency", sa.String(length=3), nullable=True),
        sa.Column("copy_needed", sa.Boolean(), nullable=False),
        sa.Column("total_revenue_minor", sa.BigInteger(), nullable=True),
        sa.Column("total_revenue_currency", sa.String(length=3), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("booking_source", sa.Text(), nullable=True),
        sa.Column("remote_created_at", UTC_TIME, nullable=True),
        sa.Column("remote_updated_at", UTC_TIME, nullable=True),
        sa.Column("archived_at", UTC_TIME, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "title_key",
            key(120),
            nullable=False,
        ),
        sa.Column(
            "advertiser_key",
            key(120),
            nullable=False,
        ),
        sa.Column(
            "external_key",
            key(120),
            nullable=False,
        ),
        sa.Column(
            "budget_key",
            key(24),
            nullable=False,
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("sync_state", sa.String(length=10), nullable=False),
        sa.Column("sync_detail", sa.Text(), nullable=True),
        sa.Column("synced_at", UTC_TIME, nullable=True),
        sa.Column("base", sa.JSON(), nullable=True),
        sa.Column("fingerprint", sa.String(length=32), nullable=True),
        sa.Column("observed", sa.BigInteger(), nullable=False),
        sa.Column("missed_runs", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "sync_state IN ('confirmed', 'waiting', 'sending', 'checking', 'refused', 'conflict', "
            "'parked', 'gone')",
            name="sync_state",
        ),
        sa.CheckConstraint("title <> ''", name="title"),
        sa.CheckConstraint("total_budget_minor BETWEEN 0 AND 1000000000000000", name="budget"),
        sa.ForeignKeyConstraint(
            ["advertiser_id"], ["advertiser.id"], name="fk_campaign_advertiser_id_advertiser"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_campaign_connection_id_connection"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint(
            "connection_id", "remote_id", name="uq_campaign_connection_id_remote_id"
        ),
        sa.UniqueConstraint("uuid", name="uq_campaign_uuid"),
    )
    op.create_index(
        "ix_campaign_list_advertiser", "campaign", ["advertiser_key", "id", "archived_at"]
    )
    op.create_index("ix_campaign_list_budget", "campaign", ["budget_key", "id", "archived_at"])
    op.create_index("ix_campaign_list_changed", "campaign", ["changed_at", "id", "archived_at"])
    op.create_index(
        "ix_campaign_list_external_id", "campaign", ["external_key", "id", "archived_at"]
    )
    op.create_index("ix_campaign_list_sync", "campaign", ["sync_state", "id", "archived_at"])
    op.create_index("ix_campaign_list_title", "campaign", ["title_key", "id", "archived_at"])
    op.create_index("ix_campaign_of_advertiser", "campaign", ["advertiser_id", "archived_at"])
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("intent_key", sa.Uuid(), nullable=False),
        sa.Column("payload_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UTC_TIME, nullable=False),
        sa.Column("sent_payload", sa.JSON(), nullable=True),
        sa.Column("sent_at", UTC_TIME, nullable=True),
        sa.Column("settle_until", UTC_TIME, nullable=True),
        sa.Column("clean_probes", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", UTC_TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("remote_request_id", sa.String(length=100), nullable=True),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("kind IN ('create', 'update')", name="kind"),
        sa.CheckConstraint(
            "state IN ('ready', 'claimed', 'sent', 'settling', 'probing', 'applied', 'rejected', "
            "'parked', 'superseded')",
            name="state",
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_change_campaign_id_campaign"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_change_connection_id_connection"
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_change_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_change"),
        sa.UniqueConstraint("intent_key", name="uq_change_intent_key"),
    )
    op.create_index("ix_change_campaign", "change", ["campaign_id", "id"])
    op.create_index("ix_change_due", "change", ["state", "next_attempt_at"])
    op.create_index(
        "uq_change_in_flight",
        "change",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('claimed', 'sent', 'settling', 'probing')"),
        postgresql_where=sa.text("state IN ('claimed', 'sent', 'settling', 'probing')"),
    )
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("field_group", sa.String(length=20), nullable=False),
        sa.Column("base", sa.JSON(), nullable=True),
        sa.Column("theirs", sa.JSON(), nullable=True),
        sa.Column("observation", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", UTC_TIME, nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_conflict_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conflict"),
    )
    op.create_index(
        "uq_conflict_open",
        "conflict",
        ["campaign_id", "field_group"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("uq_operator_email", "operator", [sa.text("lower(email)")], unique=True)


def downgrade() -> None:
    for table in (
        "conflict",
        "change",
        "campaign",
        "advertiser",
        "sync_run",
        "audit_event",
        "agency",
        "sign_in_throttle",
        "operator",
        "lease",
        "connection",
        "api_token",
    ):
        op.drop_table(table)
