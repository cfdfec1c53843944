"""What is asked of a large house: pages, files and calls of scripts, by the names of the tables."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import func, select

from benchmarks.scale_events import PEOPLE
from benchmarks.seed import COMMON, NO_HIT, RARE
from benchmarks.visits import visits
from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.core.db import db, reading
from webapp.core.listing import COUNT_CAP, DEFAULT_PER_PAGE, MAX_PAGE

LIST = (
    *("first page", "90 % depth", "last page"),
    *("search, rare word", "search, common word", "search, missing word"),
    *("sort by title", "one advertiser", "view: Needs you"),
)
BUSIEST = 1


@dataclass(frozen=True)
class Facts:
    """What addresses are made of."""

    person: int
    first_day: str
    last_day: str
    quiet_id: int
    quiet: str
    busiest: str
    since: str
    half: str


def facts() -> Facts:
    """Of the instance whose context is pushed."""
    with reading():
        people = select(Operator.id).where(Operator.email == f"person{PEOPLE // 2}@example.com")
        person = db.session.scalars(people).one()
        first, last = db.session.execute(
            select(func.min(AuditEvent.at), func.max(AuditEvent.at))
        ).one()
        middle = first + (last - first) / 2
        # Whatever campaign it happened to: nearly all have some fifty events.
        about = select(AuditEvent.object_id).where(AuditEvent.object_type == "campaign")
        nearest = about.where(AuditEvent.at >= middle).order_by(AuditEvent.at).limit(1)
        quiet_id = db.session.scalars(nearest).one()
        quiet, busiest = (db.session.get_one(Campaign, id_).uuid for id_ in (quiet_id, BUSIEST))
        db.session.rollback()
    return Facts(
        person,
        f"{middle:%Y-%m-%d}",
        f"{middle + timedelta(days=6):%Y-%m-%d}",
        quiet_id,
        str(quiet),
        str(busiest),
        f"{last - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        f"{middle:%Y-%m-%dT%H:%M:%SZ}",
    )


def list_pages() -> dict[str, str]:
    """Of all that ``list_page`` measures."""
    every = {visit.name: visit.ours for visit in visits()}
    return {name: every[name] for name in LIST}


def timeline_pages(known: Facts) -> dict[str, str]:
    """By what they are filtered for."""
    days = {"from": known.first_day, "to": known.last_day}
    counted = COUNT_CAP // DEFAULT_PER_PAGE
    return {
        "first page": _timeline(),
        f"page {counted}, the last that is counted": _timeline(page=counted),
        "page 2,000": _timeline(page=2_000),
        f"page {MAX_PAGE:,}, the last there may be": _timeline(page=MAX_PAGE),
        "one person": _timeline(who=known.person),
        f"one person, page {counted}": _timeline(who=known.person, page=counted),
        "nobody (sync)": _timeline(who="nobody"),
        "one kind, rare": _timeline(kind="view"),
        "one kind, nearly all": _timeline(kind="campaign"),
        "one action, rare": _timeline(action="rotated token"),
        "one action, common": _timeline(action="edited"),
        "one campaign, few events": _timeline(about=f"campaign-{known.quiet_id}"),
        "one campaign, many events": _timeline(about=f"campaign-{BUSIEST}"),
        "one source": _timeline(source="cli"),
        "one source in one week": _timeline(source="cli", **days),
        "one source, person and week": _timeline(source="web", who=known.person, **days),
        "one action of one person": _timeline(action="archived", who=known.person),
        "a rare action of one person": _timeline(action="password set", who=known.person),
        "one week": _timeline(**days),
        "sorted by action": _timeline(sort="action"),
        "words, rare": _timeline(q=RARE),
        "words, common": _timeline(q=COMMON),
        "words, missing": _timeline(q=NO_HIT),
        "words, missing, one person": _timeline(q=NO_HIT, who=known.person),
        "words, common, in one week": _timeline(q=COMMON, **days),
    }


def campaign_pages(known: Facts) -> dict[str, str]:
    """One campaign's own page, with its timeline."""
    return {
        "campaign's page, few events": f"/campaigns/{known.quiet}",
        "campaign's page, many events": f"/campaigns/{known.busiest}",
    }


def calls(known: Facts) -> dict[str, str]:
    """Of scripts."""
    return {
        "campaigns, first page": "/campaigns?per_page=50",
        "campaigns, step of a walk": "/campaigns?per_page=100&cursor=start",
        "campaigns, search, rare word": f"/campaigns?per_page=50&search={RARE}",
        "changes of the last hour": f"/changes?limit=100&since={known.since}",
        "changes since the middle": f"/changes?limit=100&since={known.half}",
        "changes since the middle, 1,000": f"/changes?limit=1000&since={known.half}",
        "one campaign": f"/campaigns/{known.quiet}",
        "timeline of one, few events": f"/campaigns/{known.quiet}/timeline",
        "timeline of one, many events": f"/campaigns/{known.busiest}/timeline?per_page=100",
    }


def _timeline(**arguments: str | int) -> str:
    return f"/timeline?{urlencode(arguments)}" if arguments else "/timeline"
