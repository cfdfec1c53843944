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
from webapp.core.listing import COUNT_CAP
from webapp.core.text import fold

MAX_WORDS = 10
TRIGRAM = 3
# So many hits make a word frequent, however many rows there are.
FREQUENT = 8_000
# Hits counted at most, beside as many as there are archived campaigns.
SAMPLE = COUNT_CAP + 1
MOST_SAMPLED = 6 * SAMPLE
PAGE = 50

# The archive is counted by its own small index.
_SAMPLED = text(
    "WITH archive (number) AS (SELECT count(*) FROM campaign WHERE archived_at IS NOT NULL) "
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM campaign_search WHERE campaign_search MATCH "
    ":phrase LIMIT min(:enough + (SELECT number FROM archive), :most))), "
    "(SELECT coalesce(max(id), 0) FROM campaign), (SELECT number FROM archive)"
)
_index = table("campaign_search", column("rowid"), column("campaign_search"))


@dataclass(frozen=True)
class Search:
    """Conditions that campaigns meet in which every word stands.

    ``ids``, where there is one, lists all of them, archived ones too, without reading a campaign.
    """

    conditions: list[ColumnElement[bool]]
    ids: Select[int] | None = None
    sample: "Sample | None" = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Hits of the index as far as they were counted, archived ones among them.

    ``rows`` is about how many campaigns there are, ``archived`` how many of them are archived.
    """

    hits: int
    rows: int
    archived: int

    @property
    def is_whole(self) -> bool:
        """Whether there are no more hits than were counted."""
        return self.hits < min(SAMPLE + self.archived, MOST_SAMPLED)

    @property
    def is_frequent(self) -> bool:
        """Whether reading rows in the list's order finds a page sooner than sorting all hits does.

        Of N rows with H hits, the one reads N / H rows for each row of the page, the other H rows.
        """
        return self.hits >= min(FREQUENT, isqrt(PAGE * self.rows))


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
    sample = _sample(phrase)
    if not sample.is_frequent:
        return Search([Campaign.id.in_(found), *by_reading])
    is_all = len(indexed) == len(words) and not excluded
    return Search(by_reading, found, sample) if is_all else Search(by_reading)


def _quoted(word: str) -> str:
    return word.replace('"', '""')


def _sample(phrase: str) -> Sample:
    bound = {"phrase": phrase, "enough": SAMPLE, "most": MOST_SAMPLED}
    return Sample(*db.session.execute(_SAMPLED, bound).one())
