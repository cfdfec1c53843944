"""What every signed-in page shows around its content: the rail and the freshness banner.

Given to templates as functions, so that fragments, which have neither, do not pay for them.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, request, url_for

from webapp.attention import queries as attention
from webapp.auth.access import may
from webapp.sync import queries as sync
from webapp.sync.queries import Freshness
from webapp.web.filters import duration
from webapp.web.settings import sync_interval


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
    """One sentence when what is shown may be old; ``None`` when all is fresh."""
    sentences = [_sentence(each) for each in sync.freshness(sync_interval()) if each.late]
    return LateBanner(" ".join(sentences), url_for("sync.index")) if sentences else None


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
