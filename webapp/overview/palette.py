"""Where one can go: pages, views and campaigns, found by a few letters of what they are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Row, Select, select

from webapp.advertisers.models import Advertiser
from webapp.auth.access import may, permission_of
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import visible
from webapp.campaigns.search import TRIGRAM, search_for
from webapp.campaigns.tabs import tabs_of
from webapp.core.db import db, giving_up
from webapp.core.errors import TooSlow
from webapp.core.query_terms import as_words, printable
from webapp.core.text import fold

CAMPAIGNS = "Campaigns"
MOST_CAMPAIGNS = 8
MAX_LENGTH = 200
LAST_CHARACTER = "\U0010ffff"
PAGES = (
    ("Overview", "overview.index"),
    ("Campaigns", "campaigns.index"),
    ("New campaign", "campaigns.new"),
    ("Needs you", "attention.index"),
    ("Changes", "changes.index"),
    ("Advertisers", "advertisers.index"),
    ("Sync", "sync.index"),
    ("Sync runs", "sync.runs"),
    ("Timeline", "audit.index"),
    ("Views", "savedviews.index"),
    ("Bulk changes", "bulk.index"),
    ("Import campaigns", "exchange.upload"),
    ("Tokens", "tokens.index"),
    ("People", "people.index"),
    ("Invite somebody", "people.invite"),
    ("What each role may", "people.roles"),
)
# Open to anybody.
DOCUMENTS = (
    ("API: first script in five minutes", "docs.first_script"),
    ("API: reference", "docs.read"),
    ("API: try it out", "docs.explorer"),
)


@dataclass(frozen=True, slots=True)
class Place:
    words: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Places of one kind; ``trouble`` says why there are none, where looking did not work."""

    name: str
    places: Sequence[Place]
    trouble: str | None = None


def groups(text: str, operator: Operator) -> list[Group]:
    """What can be gone to by these letters. Without any: every page and view, and no campaign."""
    typed = printable(text[:MAX_LENGTH]).strip()
    text = fold(typed)
    found = [
        Group("Pages", _called(text, _pages())),
        Group("Views", _called(text, _views(operator))),
        _campaigns(text, typed),
    ]
    return [group for group in found if group.places or group.trouble]


def _called(text: str, places: Sequence[Place]) -> list[Place]:
    """Those with every word of the text in their name; those that begin so come first."""
    words = text.split()
    named = [(fold(place.words), place) for place in places]
    fitting = [(name, place) for name, place in named if all(word in name for word in words)]
    return [place for _, place in sorted(fitting, key=lambda each: not each[0].startswith(text))]


def _pages() -> list[Place]:
    """The pages that this operator may open."""
    asked = [(label, endpoint, permission_of(endpoint)) for label, endpoint in PAGES]
    allowed = [(name, place) for name, place, needed in asked if needed and may(needed)]
    return [Place(name, "", url_for(place)) for name, place in (*allowed, *DOCUMENTS)]


def _views(operator: Operator) -> list[Place]:
    return [
        Place(tab.label, f"shared by {tab.owner}" if tab.owner else "", tab.href)
        for tab in tabs_of(operator)
    ]


def _campaigns(text: str, typed: str) -> Group:
    """Those changed last, archived ones too; of more than ``MOST_CAMPAIGNS``, the way to all."""
    if not text:
        return Group(CAMPAIGNS, ())
    try:
        with giving_up():
            rows = db.session.execute(_newest(_matching(text))).all()
    except TooSlow:
        return Group(CAMPAIGNS, (), "Looking for campaigns takes too long: type more of the name.")
    shown = [_place(row) for row in rows[:MOST_CAMPAIGNS]]
    return Group(CAMPAIGNS, [*shown, _search(typed)] if len(rows) > MOST_CAMPAIGNS else shown)


def _search(typed: str) -> Place:
    """The list of all campaigns with these words: what the query language knows is a word too."""
    href = url_for("campaigns.index", q=as_words(typed), archived="all")
    return Place(f"Search campaigns for “{typed}”", "all that are found", href)


def _matching(text: str) -> Sequence[ColumnElement[bool]]:
    """A word of three letters is found wherever it stands; fewer are how a title begins."""
    if any(len(word) >= TRIGRAM for word in text.split()):
        return search_for(text).conditions
    return Campaign.title_key >= text, Campaign.title_key < text + LAST_CHARACTER


def _newest(conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    newest = (Campaign.changed_at.desc(), Campaign.id.desc())
    ids = select(Campaign.id).where(*visible(), *conditions)
    wanted = ids.order_by(*newest).limit(MOST_CAMPAIGNS + 1).scalar_subquery()
    columns = (Campaign.uuid, Campaign.title, Campaign.archived_at, Advertiser.name)
    query = select(*columns).outerjoin(Advertiser, Campaign.advertiser_id == Advertiser.id)
    return query.where(Campaign.id.in_(wanted)).order_by(*newest)


def _place(row: Row[Any]) -> Place:
    notes = (row.name, "archived" if row.archived_at else None)
    href = url_for("campaigns.show", uuid=row.uuid)
    return Place(row.title, ", ".join(note for note in notes if note), href)
