"""What SQLite's planner knows of the tables; PostgreSQL finds that out by itself.

It counts when the number of campaigns has changed by so much that its plans may no longer do, and
when an index came with an update: of one that was never counted it expects too much.
"""

from sqlalchemy import func, select, text

from webapp.campaigns.models import Campaign
from webapp.core.db import db, reading, transaction

MUCH = 1.25
INDEX = "ix_campaign_list_changed"
_NEW_INDEX = text(
    "SELECT EXISTS (SELECT 1 FROM pragma_index_list('campaign') WHERE NOT partial "
    "AND name NOT IN (SELECT idx FROM sqlite_stat1 WHERE idx IS NOT NULL))"
)


def analyze_when_due() -> bool:
    """Count tables and indexes anew where it is time to; says whether it was."""
    if db.engine.dialect.name != "sqlite":
        return False
    with reading():
        now = db.session.scalar(select(func.count()).select_from(Campaign)) or 0
        known = _known_number()
        is_due = not known / MUCH < now < known * MUCH or _has_new_index()
        db.session.rollback()
    if not now or not is_due:
        return False
    with transaction():
        db.session.execute(text("ANALYZE"))
    return True


def _known_number() -> int:
    """How many campaigns there were when they were last counted; 0 if never."""
    if not db.session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")):
        return 0
    query = text("SELECT stat FROM sqlite_stat1 WHERE idx = :index")
    counted = db.session.scalar(query, {"index": INDEX})
    return int(counted.split()[0]) if counted else 0


def _has_new_index() -> bool:
    """Whether one that has every campaign in it was not counted yet."""
    return bool(db.session.scalar(_NEW_INDEX))
