"""The addresses of the campaign list that are measured, made from what the instance holds."""

from collections import Counter
from urllib.parse import urlencode

from sqlalchemy import func, select

from webapp.campaigns.models import Campaign
from webapp.core.db import db, reading
from webapp.core.listing import DEFAULT_PER_PAGE

LEAST_LETTERS = 3
COMMON_SHARE = 0.2
RARE_HITS = 10
NO_HIT = "xqzvwkjy"

Visit = tuple[str, str]


def visits() -> list[Visit]:
    """Name and address of each kind of page, for the instance whose context is pushed."""
    with reading():
        hits = _hits_by_word()
        total = db.session.scalar(select(func.count()).where(Campaign.archived_at.is_(None))) or 0
        rare, common = _nearest(hits, RARE_HITS), _nearest(hits, int(total * COMMON_SHARE))
        advertiser, booked = _largest_advertiser()
        deep = int(total / DEFAULT_PER_PAGE * 0.9)
        return [
            ("first page", _path()),
            (f"page {deep:,} (90 % depth)", _path(page=deep)),
            (f"search, {hits[rare]:,} hits", _path(q=rare)),
            (f"search, {hits[common]:,} hits ({hits[common] / total:.0%})", _path(q=common)),
            ("search, no hit", _path(q=NO_HIT)),
            ("sort by title", _path(sort="title")),
            ("sort by budget, highest first", _path(sort="-budget")),
            (f"one advertiser, {booked:,} campaigns", _path(advertiser=advertiser)),
        ]


def _path(**arguments: str | int) -> str:
    return f"/campaigns?{urlencode(arguments)}" if arguments else "/campaigns"


def _hits_by_word() -> Counter[str]:
    """How many campaigns have each word, or a word without its end, somewhere."""
    texts = list(db.session.scalars(select(Campaign.search_text)))
    words = [set(text.split()) for text in texts]
    whole = Counter(part for each in words for part in each | {word[:-1] for word in each})
    candidates = [
        *_near(whole, RARE_HITS),
        *_near(whole, int(len(texts) * COMMON_SHARE)),
    ]
    return Counter({word: sum(word in text for text in texts) for word in candidates})


def _near(counts: Counter[str], wanted: int, most: int = 20) -> list[str]:
    usable = [word for word in counts if len(word) >= LEAST_LETTERS]
    return sorted(usable, key=lambda word: (abs(counts[word] - wanted), word))[:most]


def _nearest(counts: Counter[str], wanted: int) -> str:
    return _near(counts, wanted, most=1)[0]


def _largest_advertiser() -> tuple[int, int]:
    number = func.count()
    query = (
        select(Campaign.advertiser_id, number)
        .where(Campaign.archived_at.is_(None), Campaign.advertiser_id.is_not(None))
        .group_by(Campaign.advertiser_id)
        .order_by(number.desc())
        .limit(1)
    )
    advertiser, booked = db.session.execute(query).one()
    return int(advertiser or 0), int(booked)
