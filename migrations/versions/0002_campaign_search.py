"""An index for finding campaigns by any part of a word."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Rare words are found by trigrams; the triggers keep the index equal to campaign.search_text.
SQLITE_SEARCH = (
    (
        "CREATE VIRTUAL TABLE campaign_search USING fts5("
        "search_text, content='campaign', content_rowid='id', columnsize=0, tokenize='trigram')"
    ),
    (
        "CREATE TRIGGER campaign_search_insert AFTER INSERT ON campaign BEGIN "
        "INSERT INTO campaign_search (rowid, search_text) VALUES (new.id, new.search_text); END"
    ),
    (
        "CREATE TRIGGER campaign_search_delete AFTER DELETE ON campaign BEGIN "
        "INSERT INTO campaign_search (campaign_search, rowid, search_text) "
        "VALUES ('delete', old.id, old.search_text); END"
    ),
    (
        "CREATE TRIGGER campaign_search_update AFTER UPDATE OF search_text ON campaign "
        "WHEN old.search_text IS NOT new.search_text BEGIN "
        "INSERT INTO campaign_search (campaign_search, rowid, search_text) "
        "VALUES ('delete', old.id, old.search_text); "
        "INSERT INTO campaign_search (rowid, search_text) VALUES (new.id, new.search_text); END"
    ),
)
POSTGRESQL_SEARCH = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_campaign_search ON campaign USING gin (search_text gin_trgm_ops)",
)


def upgrade() -> None:
    for statement in SQLITE_SEARCH if _is_sqlite() else POSTGRESQL_SEARCH:
        op.execute(statement)


def downgrade() -> None:
    if not _is_sqlite():
        op.drop_index("ix_campaign_search", "campaign")
        return
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER campaign_search_{name}")
    op.execute("DROP TABLE campaign_search")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
