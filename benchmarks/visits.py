"""The addresses of the campaign list that are measured, here and at the naive peer."""

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, select

from benchmarks.seed import COMMON, NO_HIT, RARE
from webapp.advertisers.models import Advertiser
from webapp.campaigns.listing import CAMPAIGNS
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.core.listing import DEFAULT_PER_PAGE
from webapp.savedviews.shipped import SHIPPED


@dataclass(frozen=True)
class Visit:
    """One kind of page: our address, and the naive peer's where it has the like."""

    name: str
    ours: str
    naive: str | None = None


def visits() -> list[Visit]:
    """What is measured on the instance whose context is pushed."""
    with reading():
        total = db.session.scalar(select(func.count()).where(Campaign.archived_at.is_(None))) or 0
        largest = db.session.scalars(select(Advertiser.id).order_by(Advertiser.id)).first()
    last = -(-total // DEFAULT_PER_PAGE)
    deep = max(1, int(last * 0.9))
    return [
        Visit("first page", _path(), _path()),
        Visit("90 % depth", _path(page=deep), _path(page=deep)),
        Visit("last page", _path(page=last), _path(page=last)),
        *[
            Visit(f"search, {kind} word", _path(q=word), _path(q=word))
            for kind, word in (("rare", RARE), ("common", COMMON), ("missing", NO_HIT))
        ],
        *[_sorted(name) for name in CAMPAIGNS.sorts],
        Visit("one advertiser", _path(advertiser=largest), _path(advertiser_id=largest)),
        Visit(
            "three filters",
            _path(advertiser=largest, copy="yes", currency="USD"),
            _path(advertiser_id=largest, copy_needed=1, total_budget_currency="USD"),
        ),
        *[
            Visit(name, _path(q=query))
            for name, query in (
                ("one currency", "currency:usd"),
                ("amounts above", "budget:>5000usd"),
                ("a year", f"created:{utc_now().year}"),
                ("amounts and copy", "budget:>5000usd copy:yes"),
            )
        ],
        *[Visit(f"view: {view.name}", _path(**view.arguments)) for view in SHIPPED.values()],
    ]


def _sorted(name: str) -> Visit:
    columns = CAMPAIGNS.sorts[name]
    return Visit(f"sort by {name}", _path(sort=name), _path(sort=columns[0].key))


def _path(**arguments: str | int | None) -> str:
    return f"/campaigns?{urlencode(arguments)}" if arguments else "/campaigns"
