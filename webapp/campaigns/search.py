"""Finding campaigns by words in title, external id and advertiser.

SQLite: a trigram index answers rare words at once; words that very many rows have are quicker
found by reading rows in the list's own order. PostgreSQL's planner makes that choice by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import URL, ColumnElement, Select, column, exists, func, select, table, text

from webapp.campaigns.models import Campaign
from webapp.core.clock import this_minute
from webapp.core.db import db
from webapp.core.text import fold

MAX_WORDS = 10
TRIGRAM = 3

# So many hits make a word frequent: from LEAST on, one more for each EACH campaigns, up to MOST.
LEAST, EACH, MOST = 1_200, 80, 8_000

MOST_KNOWN = 1_000

# Reading rows in the list's order then finds a page sooner than sorting all hits does. Of N rows
# with H hits, the one reads N / H rows for each row of the page, the other H rows.
_IS_FREQUENT = text(
    "WITH line (hits) AS (SELECT min(:most, :least + coalesce(max(id), 0) / :each) FROM campaign) "
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM campaign_search WHERE campaign_search MATCH "
    ":phrase LIMIT (SELECT hits FROM line))) >= (SELECT hits FROM line)"
)
_index = table("campaign_search", column("rowid"), column("campaign_search"))


@dataclass(frozen=True)
class Search:
    """Conditions that campaigns meet in which every word stands.

    ``ids``, where there is one, lists all of them, archived ones too, without reading a campaign.
    ``by_reading``: where many have the words, campaigns are looked through for them.
    """

    conditions: list[ColumnElement[bool]]
    ids: Select[int] | None = None
    by_reading: bool = True


def hits_in(ids: Select[int], archived: Sequence[ColumnElement[bool]]) -> Select[int]:
    """A search's ``ids`` in this part of the archive: one after the other, as far as needed."""
    if not archived:
        return ids
    return ids.where(exists().where(Campaign.id == _index.c.rowid, *archived))


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
    line = (LEAST, EACH, MOST)
    if not is_frequent(phrase, line, db.engine.url, this_minute()):
        return Search([Campaign.id.in_(found), *by_reading], by_reading=False)
    is_all = len(indexed) == len(words) and not excluded
    return Search(by_reading, found if is_all else None)


def _quoted(word: str) -> str:
    return word.replace('"', '""')


@lru_cache(MOST_KNOWN)
def is_frequent(phrase: str, line: tuple[int, int, int], _in: URL, _while: int) -> bool:
    """Remembered: who searches turns pages, too. It says how to look, never what is found."""
    least, each, most = line
    given = {"phrase": phrase, "least": least, "each": each, "most": most}
    return bool(db.session.scalar(_IS_FREQUENT, given))
