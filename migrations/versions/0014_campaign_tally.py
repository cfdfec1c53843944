"""How many campaigns there are, and how many of them archived, kept up to date by PostgreSQL.

Triggers write down what each statement changes of the two numbers, so that no writer waits for
another; the sum of all rows is what there is. SQLite gets the same table, as the models have it;
there it stays empty, and campaigns are counted as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EACH_STATEMENT = "FOR EACH STATEMENT EXECUTE FUNCTION campaign_tally_rows"
POSTGRESQL = (
    # The triggers' argument is the sign.
    """
    CREATE FUNCTION campaign_tally_rows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO campaign_tally (campaigns, archived)
        SELECT TG_ARGV[0]::integer * count(*), TG_ARGV[0]::integer * count(archived_at)
        FROM touched HAVING count(*) > 0;
      RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION campaign_tally_archived() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO campaign_tally (campaigns, archived)
        VALUES (0, CASE WHEN new.archived_at IS NULL THEN -1 ELSE 1 END);
      RETURN NULL;
    END $$
    """,
    # Writers end first and wait meanwhile: each of them is counted once.
    """
    CREATE FUNCTION campaign_tally_anew() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      LOCK TABLE campaign, campaign_tally IN SHARE ROW EXCLUSIVE MODE;
      DELETE FROM campaign_tally;
      INSERT INTO campaign_tally (campaigns, archived)
        SELECT count(*), count(archived_at) FROM campaign;
    END $$
    """,
    (
        "CREATE TRIGGER campaign_tally_insert AFTER INSERT ON campaign "
        f"REFERENCING NEW TABLE AS touched {EACH_STATEMENT}('1')"
    ),
    (
        "CREATE TRIGGER campaign_tally_delete AFTER DELETE ON campaign "
        f"REFERENCING OLD TABLE AS touched {EACH_STATEMENT}('-1')"
    ),
    # By row: by statement, each update would keep old and new rows for it, and few archive.
    (
        "CREATE TRIGGER campaign_tally_update AFTER UPDATE OF archived_at ON campaign FOR EACH ROW "
        "WHEN ((old.archived_at IS NULL) <> (new.archived_at IS NULL)) "
        "EXECUTE FUNCTION campaign_tally_archived()"
    ),
    "SELECT campaign_tally_anew()",
)


def upgrade() -> None:
    op.create_table(
        "campaign_tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaigns", sa.Integer(), nullable=False),
        sa.Column("archived", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_tally")),
    )
    for statement in () if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if not _is_sqlite():
        for verb in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER campaign_tally_{verb} ON campaign")
        for what in ("rows", "archived", "anew"):
            op.execute(f"DROP FUNCTION campaign_tally_{what}")
    op.drop_table("campaign_tally")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
