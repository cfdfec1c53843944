"""People: four roles, second factors, sessions, invitations; seals of the timeline; notices."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)
ROLES_BEFORE = "role IN ('manager', 'viewer')"
ROLES = "role IN ('viewer', 'operator', 'manager', 'admin')"


def _operator(roles: str, *more: sa.Column[object]) -> sa.Table:
    """Said, not looked up: what SQLite tells of the index on its e-mail address is too little."""
    return sa.Table(
        "operator",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("last_sign_in_at", UTC_TIME, nullable=True),
        sa.Column("home_view", sa.String(40), nullable=True),
        sa.Column("single_keys", sa.Boolean(), nullable=False, server_default=sa.true()),
        *more,
        sa.CheckConstraint(roles, name="ck_operator_role"),
        sa.PrimaryKeyConstraint("id", name="pk_operator"),
    )


def _added() -> list[sa.Column[object]]:
    return [
        sa.Column("password_set_at", UTC_TIME, nullable=True),
        sa.Column("totp_secret", sa.String(200), nullable=True),
        sa.Column("totp_since", UTC_TIME, nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("oidc_subject", sa.String(255), nullable=True),
    ]


def upgrade() -> None:
    op.drop_index("uq_operator_email", table_name="operator")
    with op.batch_alter_table("operator", copy_from=_operator(ROLES_BEFORE)) as table:
        table.drop_constraint(op.f("ck_operator_role"), type_="check")
        table.create_check_constraint(op.f("ck_operator_role"), ROLES)
        for column in _added():
            table.add_column(column)
        table.create_unique_constraint("uq_operator_oidc_subject", ["oidc_subject"])
    _index_emails()
    _create_people()
    _create_seal()
    _create_notices()
    op.add_column("connection", sa.Column("credential", sa.Text(), nullable=True))


def _index_emails() -> None:
    op.create_index("uq_operator_email", "operator", [sa.text("lower(email)")], unique=True)


def _create_people() -> None:
    op.create_table(
        "operator_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("last_seen_at", UTC_TIME, nullable=False),
        sa.Column("confirmed_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME, nullable=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_operator_session_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_operator_session"),
        sa.UniqueConstraint("digest", name="uq_operator_session_digest"),
    )
    op.create_index("ix_operator_session_operator", "operator_session", ["operator_id", "id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used_at", UTC_TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_recovery_code_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint("operator_id", "digest", name="uq_recovery_code_operator_id_digest"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("used_at", UTC_TIME, nullable=True),
        sa.Column("withdrawn_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(ROLES, name="role"),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["operator.id"], name="fk_invitation_invited_by_id_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("digest", name="uq_invitation_digest"),
    )
    op.create_table(
        "rule",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rule"),
    )


def _create_seal() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", UTC_TIME, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("pruned_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_seal"),
    )
    op.create_index("uq_audit_seal_last", "audit_seal", ["last_id"], unique=True)


def _create_notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("link", sa.String(200), nullable=False),
        sa.Column("opened_at", UTC_TIME, nullable=False),
        sa.Column("seen_at", UTC_TIME, nullable=False),
        sa.Column("closed_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_open", "notice", ["closed_at", "kind", "subject"])
    op.create_table(
        "notice_choice",
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_notice_choice_operator_id_operator"
        ),
        sa.PrimaryKeyConstraint("operator_id", "kind", name="pk_notice_choice"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("recipient", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UTC_TIME, nullable=True),
        sa.Column("given_up_at", UTC_TIME, nullable=True),
        sa.Column("problem", sa.String(500), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("key", name="uq_message_key"),
    )
    op.create_index("ix_message_due", "message", ["sent_at", "given_up_at", "due_at"])


def downgrade() -> None:
    op.drop_column("connection", "credential")
    for table in (
        "message",
        "notice_choice",
        "notice",
        "audit_seal",
        "rule",
        "invitation",
        "recovery_code",
        "operator_session",
    ):
        op.drop_table(table)
    op.execute("UPDATE operator SET role = 'manager' WHERE role IN ('operator', 'admin')")
    op.drop_index("uq_operator_email", table_name="operator")
    subject = sa.UniqueConstraint("oidc_subject", name="uq_operator_oidc_subject")
    now = _operator(ROLES, *_added())
    now.append_constraint(subject)
    with op.batch_alter_table("operator", copy_from=now) as table_now:
        table_now.drop_constraint("uq_operator_oidc_subject", type_="unique")
        table_now.drop_constraint(op.f("ck_operator_role"), type_="check")
        table_now.create_check_constraint(op.f("ck_operator_role"), ROLES_BEFORE)
        for column in _added():
            table_now.drop_column(column.name)
    _index_emails()
