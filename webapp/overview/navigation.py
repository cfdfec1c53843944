"""What every signed-in page shows around its content: the rail and the freshness banner.

Given to templates as functions, so that fragments, which have neither, do not pay for them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, request, url_for

from webapp.attention import queries as attention
from webapp.auth.access import may
from webapp.core.clock import utc_now
from webapp.notices import queries as notices
from webapp.sync import queries as sync
from webapp.sync.queries import Freshness
from webapp.web.filters import absolute, duration
from webapp.web.settings import sync_interval

# A worker looks each minute; one that misses several is away.
AWAY_AFTER = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place. ``key`` is the letter that leads there after ``g``, where not the first."""

    label: str
    href: str
    current: bool
    count: int | None = None
    key: str = ""

    @property
    def letter(self) -> str:
        return self.key or self.label[0].lower()


@dataclass(frozen=True, slots=True)
class LateBanner:
    text: str
    href: str
    late: bool = True


def init_app(app: Flask) -> None:
    attention.ask_also(*notices.HEADER)
    app.context_processor(lambda: {"nav_items": nav_items, "freshness": late_banner, "may": may})


def nav_items() -> list[NavItem]:
    blueprint = request.blueprint
    in_list = blueprint in ("campaigns", "savedviews", "exchange")
    return [
        NavItem("Overview", url_for("overview.index"), blueprint == "overview"),
        NavItem("Campaigns", url_for("campaigns.index"), in_list),
        NavItem(
            "Needs you",
            url_for("attention.index"),
            blueprint == "attention",
            attention.counts().total,
        ),
        NavItem("Changes", url_for("changes.index"), blueprint == "changes", key="h"),
        NavItem("Bulk changes", url_for("bulk.index"), blueprint == "bulk"),
        NavItem("Advertisers", url_for("advertisers.index"), blueprint == "advertisers"),
        NavItem("Sync", url_for("sync.index"), blueprint == "sync"),
        NavItem("Timeline", url_for("audit.index"), blueprint == "audit"),
    ]


def late_banner() -> LateBanner | None:
    """One line when what is shown may be old or something lasts; ``None`` when all is well."""
    sentences = [_sentence(each) for each in sync.freshness(sync_interval()) if each.late]
    more = _notices(*attention.besides())
    if not sentences and not more:
        return None
    href = url_for("notices.index" if more else "sync.index")
    return LateBanner(" ".join([*sentences, *more]), href)


def _notices(number: int, words: str | None, looked_at: datetime | None) -> list[str]:
    """What the notices add to how fresh things are, in one sentence each."""
    found = []
    if looked_at and utc_now() - looked_at > AWAY_AFTER:
        found.append(f"No worker is at work since {absolute(looked_at)}: nothing is read or sent.")
    if request.blueprint == "notices":
        # They are the page.
        return found
    if number == 1 and words:
        found.append(words)
    elif number:
        found.append(f"{number:,} notices are open.")
    return found


def _sentence(freshness: Freshness) -> str:
    name = freshness.connection.name
    if freshness.paused:
        reason = (freshness.connection.state_reason or "Its connection has to be mended").rstrip(
            "."
        )
        return f"{name} is paused: {reason}. Nothing is sent until then; no change is lost."
    if freshness.age is None:
        return f"{name} has never been read completely; campaigns may be missing."
    return f"{name} is {_rounded(freshness.age)} late; numbers may be old."


def _rounded(age: timedelta) -> str:
    """Two figures are enough to judge how old: ``3 h``, ``2 d 4 h``."""
    return " ".join(duration(age.total_seconds()).split()[: 4 if age.days else 2])
