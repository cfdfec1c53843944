"""The record of what happened is written to only; and its indexes as a list.

Triggers refuse every change, but that a seal is marked as pruned after its time, and then that its
events are deleted. A later migration that makes one of the two tables anew on SQLite loses them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ORDER = ("at", "id")
ORDERED_BY = ("operator_id", "source", "action", "object_type")
TABLES = ("audit_event", "audit_seal")
# Of a seal nothing changes, but that it is marked once, and not before its events are old enough.
UNCHANGED = """
new.id = old.id AND new.made_at = old.made_at AND new.first_id = old.first_id
AND new.last_id = old.last_id AND new.events = old.events AND new.digest = old.digest
AND new.previous = old.previous AND old.pruned_at IS NULL AND new.pruned_at IS NOT NULL
"""
SQLITE_REFUSE = "BEGIN SELECT RAISE(ABORT, 'The record of what happened is append-only.'); END"
SQLITE_OLD_ENOUGH = "julianday(new.pruned_at) - julianday(old.made_at) >= 400"
SQLITE = (
    f"CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event {SQLITE_REFUSE}",
    """
    CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event WHEN (
      SELECT CASE WHEN first_id <= old.id THEN pruned_at END FROM audit_seal
      WHERE last_id >= old.id ORDER BY last_id LIMIT 1
    ) IS NULL
    BEGIN SELECT RAISE(ABORT, 'The record of what happened is append-only.'); END
    """,
    (
        "CREATE TRIGGER audit_seal_update BEFORE UPDATE ON audit_seal "
        f"WHEN NOT ({UNCHANGED} AND {SQLITE_OLD_ENOUGH}) {SQLITE_REFUSE}"
    ),
    f"CREATE TRIGGER audit_seal_delete BEFORE DELETE ON audit_seal {SQLITE_REFUSE}",
)
POSTGRESQL_OLD_ENOUGH = "new.pruned_at >= old.made_at + interval '400 days'"
EACH_ROW = "FOR EACH ROW EXECUTE FUNCTION"
ALL_AT_ONCE = "EXECUTE FUNCTION audit_refuse()"
POSTGRESQL = (
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'The record of what happened is append-only.'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION audit_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT CASE WHEN first_id <= old.id THEN pruned_at END FROM audit_seal
          WHERE last_id >= old.id ORDER BY last_id LIMIT 1) IS NULL THEN
        RAISE EXCEPTION 'The record of what happened is append-only.'
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN old;
    END $$
    """,
    f"CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event {EACH_ROW} audit_refuse()",
    f"CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event {EACH_ROW} audit_event_keep()",
    (
        "CREATE TRIGGER audit_seal_update BEFORE UPDATE ON audit_seal FOR EACH ROW "
        f"WHEN (NOT ({UNCHANGED} AND {POSTGRESQL_OLD_ENOUGH})) EXECUTE FUNCTION audit_refuse()"
    ),
    f"CREATE TRIGGER audit_seal_delete BEFORE DELETE ON audit_seal {EACH_ROW} audit_refuse()",
    *(
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} {ALL_AT_ONCE}"
        for table in TABLES
    ),
)


def upgrade() -> None:
    op.create_index("ix_audit_event_at", "audit_event", list(ORDER))
    for column in ORDERED_BY:
        op.create_index(f"ix_audit_event_by_{column}", "audit_event", [column, *ORDER])
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        for what in ("update", "delete") if _is_sqlite() else ("update", "delete", "truncate"):
            on = "" if _is_sqlite() else f" ON {table}"
            op.execute(f"DROP TRIGGER {table}_{what}{on}")
    if not _is_sqlite():
        op.execute("DROP FUNCTION audit_event_keep")
        op.execute("DROP FUNCTION audit_refuse")
    for column in ORDERED_BY:
        op.drop_index(f"ix_audit_event_by_{column}", "audit_event")
    op.drop_index("ix_audit_event_at", "audit_event")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
