"""Finding campaigns by words in title, external id and advertiser.

SQLite: a trigram index answers rare words at once; words that very many rows have are quicker
found by reading rows in the list's own order. PostgreSQL's planner makes that choice by itself.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, column, func, select, table, text

from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.text import fold

MAX_WORDS = 10
TRIGRAM = 3
FREQUENT = 2_000

_index = table("campaign_search", column("rowid"), column("campaign_search"))


@dataclass(frozen=True)
class Search:
    """Conditions that campaigns meet in which every word stands.

    ``ids``, where there is one, lists all of them, archived ones too, without reading a campaign.
    """

    conditions: list[ColumnElement[bool]]
    ids: Select[int] | None = None


def search_for(query: str) -> Search:
    """What finds campaigns that contain every word of ``query``, wherever it stands."""
    words = list(dict.fromkeys(fold(query).split()))[:MAX_WORDS]
    if db.engine.dialect.name != "sqlite":
        return Search([Campaign.search_text.contains(word, autoescape=True) for word in words])
    by_reading: list[ColumnElement[bool]] = [
        func.instr(Campaign.search_text, word) > 0 for word in words
    ]
    indexed = [word for word in words if len(word) >= TRIGRAM]
    if not indexed:
        return Search(by_reading)
    phrase = " ".join(f'"{_quoted(word)}"' for word in indexed)
    found = select(_index.c.rowid).where(_index.c.campaign_search.op("MATCH")(phrase))
    if _is_frequent(phrase):
        return Search(by_reading, found if indexed == words else None)
    return Search([Campaign.id.in_(found), *by_reading])


def _quoted(word: str) -> str:
    return word.replace('"', '""')


def _is_frequent(phrase: str) -> bool:
    sample = text(
        "SELECT count(*) FROM (SELECT 1 FROM campaign_search "
        "WHERE campaign_search MATCH :phrase LIMIT :cap)"
    )
    return bool(db.session.scalar(sample, {"phrase": phrase, "cap": FREQUENT}) == FREQUENT)
