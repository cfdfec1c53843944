"""Finding campaigns by words in title, external id and advertiser.

SQLite: a trigram index answers rare words at once; words that very many rows have are quicker
found by reading rows in the list's own order. PostgreSQL's planner makes that choice by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from sqlalchemy import ColumnElement, Select, column, func, select, table, text

from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.text import fold

MAX_WORDS = 10
TRIGRAM = 3
# Hits counted at most to tell a frequent word from a rare one.
SAMPLE = 8_000
PAGE = 50

_index = table("campaign_search", column("rowid"), column("campaign_search"))


@dataclass(frozen=True)
class Search:
    """Conditions that campaigns meet in which every word stands.

    ``ids``, where there is one, lists all of them, archived ones too, without reading a campaign.
    """

    conditions: list[ColumnElement[bool]]
    ids: Select[int] | None = None


def search_for(query: str) -> Search:
    """What finds campaigns that contain every word of a text, wherever it stands."""
    return search_words(list(dict.fromkeys(fold(query).split()))[:MAX_WORDS])


def search_words(words: Sequence[str], excluded: Sequence[str] = ()) -> Search:
    """What finds campaigns that contain all of these folded words, and none of the excluded.

    A word may have blanks in it: then it is a phrase.
    """
    if db.engine.dialect.name != "sqlite":
        has = [Campaign.search_text.contains(word, autoescape=True) for word in words]
        lacks = [~Campaign.search_text.contains(word, autoescape=True) for word in excluded]
        return Search([*has, *lacks])
    by_reading: list[ColumnElement[bool]] = [
        *[func.instr(Campaign.search_text, word) > 0 for word in words],
        *[func.instr(Campaign.search_text, word) == 0 for word in excluded],
    ]
    indexed = [word for word in words if len(word) >= TRIGRAM]
    if not indexed:
        return Search(by_reading)
    phrase = " ".join(f'"{_quoted(word)}"' for word in indexed)
    found = select(_index.c.rowid).where(_index.c.campaign_search.op("MATCH")(phrase))
    if _is_frequent(phrase):
        is_all = len(indexed) == len(words) and not excluded
        return Search(by_reading, found if is_all else None)
    return Search([Campaign.id.in_(found), *by_reading])


def _quoted(word: str) -> str:
    return word.replace('"', '""')


def _is_frequent(phrase: str) -> bool:
    """Whether reading rows in the list's order finds a page sooner than sorting all hits does.

    Of N rows with H hits, the one reads N / H rows for each row of the page, the other H rows.
    """
    sample = text(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM campaign_search "
        "WHERE campaign_search MATCH :phrase LIMIT :most)), (SELECT max(id) FROM campaign)"
    )
    hits, rows = db.session.execute(sample, {"phrase": phrase, "most": SAMPLE}).one()
    return bool(hits >= min(SAMPLE, isqrt(PAGE * (rows or 0))))
