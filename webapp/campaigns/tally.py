"""How many campaigns there are: PostgreSQL keeps count, as counting them all takes it too long.

Triggers write a row for what each statement changes of the numbers (migration 0014): their sum is
right in every snapshot. SQLite counts: there the table stays empty.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, ScalarSelect, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.campaigns import terms
from webapp.core.db import Model, db, reading, transaction
from webapp.core.query_terms import ANY

# So many rows are added up in no time.
MANY = 500
# One statement, so that whoever adds up meanwhile sees either the old rows or the new one. What it
# has not seen stays: rows of writers that have not ended, and what another of it puts in.
_PUT_TOGETHER = text(
    "WITH gone AS (DELETE FROM campaign_tally RETURNING campaigns, archived) "
    "INSERT INTO campaign_tally (campaigns, archived) "
    "SELECT sum(campaigns), sum(archived) FROM gone HAVING count(*) > 0"
)


class CampaignTally(Model):
    """What one statement changed: so many campaigns more, or fewer, and so many archived."""

    __tablename__ = "campaign_tally"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaigns: Mapped[int]
    archived: Mapped[int]


def _sum(what: ColumnElement[int]) -> ScalarSelect[int]:
    return select(func.coalesce(func.sum(what), 0)).scalar_subquery()


_NUMBERS: Mapping[str, ScalarSelect[int]] = {
    terms.NO: _sum(CampaignTally.campaigns - CampaignTally.archived),
    terms.YES: _sum(CampaignTally.archived.expression),
    ANY: _sum(CampaignTally.campaigns.expression),
}


def number_in(archived: str) -> ScalarSelect[int] | None:
    """How many campaigns there are in this part of the archive, to be asked for as ``PREPARED``.

    ``None`` where the database does not keep count.
    """
    return _NUMBERS[archived] if _is_kept() else None


def put_together() -> bool:
    """Make one row of all, where there are many; says whether there were."""
    if not _is_kept():
        return False
    with reading():
        rows = db.session.scalar(select(func.count()).select_from(CampaignTally)) or 0
        db.session.rollback()
    if rows <= MANY:
        return False
    with transaction():
        db.session.execute(_PUT_TOGETHER)
    return True


def _is_kept() -> bool:
    return db.engine.dialect.name == "postgresql"
