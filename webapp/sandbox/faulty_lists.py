"""Faults inside a list: rows that move, repeat or hide, totals and links that lie."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from webapp.sandbox.faults import Options, Rule
from webapp.sandbox.paging import Listing
from webapp.sandbox.state import State

# Rendered rows begin with {"id":"<36 characters>".
ID_IN_ROW = slice(7, 43)


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action may look at and change: the page is ``listing``."""

    listing: Listing
    kind: str
    state: State
    options: Options


def disturb(listing: Listing, kind: str, state: State, rules: list[Rule]) -> None:
    """Let every rule that is about lists change the page."""
    for rule in rules:
        if rule.action in _ACTIONS:
            _ACTIONS[rule.action](Scene(listing, kind, state, rule.options))


def is_hidden(record_id: str, rules: list[Rule]) -> bool:
    """Whether a rule takes away the permission for this record."""
    return any(_hides(record_id, rule.options) for rule in rules if rule.action == "hide")


def _hides(record_id: str, options: Options) -> bool:
    if options["only"] is not None:
        return bool(record_id == options["only"])
    # A hash, not chance: the same records are gone on every page and in every walk.
    share: float = options["share"]
    return crc32(record_id.encode()) % 10_000 < share * 10_000


def _hide(scene: Scene) -> None:
    page, state, options = scene.listing, scene.state, scene.options
    if options["counted"]:
        page.rows = [row for row in page.rows if not _hides(row[ID_IN_ROW], options)]
        return
    seen = [at for at, record_id in state.ids(scene.kind) if not _hides(record_id, options)]
    page.total = len(seen)
    page.rows = state.rows_at(seen[page.offset : page.offset + page.per_page])
    page.fill_links()


def _empty_page(scene: Scene) -> None:
    scene.listing.rows = []
    scene.listing.links.setdefault("next", scene.listing.link_to(scene.listing.page + 1))


def _total_off(scene: Scene) -> None:
    scene.listing.total = max(0, scene.listing.total + scene.options["by"])


def _duplicate_row(scene: Scene) -> None:
    if scene.listing.offset:
        scene.listing.rows = (
            scene.state.page(scene.kind, scene.listing.offset - 1, 1) + scene.listing.rows
        )


def _shift(scene: Scene) -> None:
    offset = max(0, scene.listing.offset - scene.options["by"])
    scene.listing.rows = scene.state.page(scene.kind, offset, scene.listing.per_page)


def _no_link(scene: Scene) -> None:
    scene.listing.links = {}


def _link_comma(scene: Scene) -> None:
    scene.listing.links = {
        rel: f"{url}&fields=id,title" for rel, url in scene.listing.links.items()
    }


def _link_host(scene: Scene) -> None:
    if "next" in scene.listing.links:
        path = scene.listing.links["next"].split("/", 3)[3]
        scene.listing.links["next"] = f"{scene.options['host']}/{path}"


def _link_cycle(scene: Scene) -> None:
    scene.listing.links["next"] = scene.listing.link_to(scene.options["to"])


_ACTIONS: dict[str, Callable[[Scene], None]] = {
    "hide": _hide,
    "empty_page": _empty_page,
    "total_off": _total_off,
    "duplicate_row": _duplicate_row,
    "shift": _shift,
    "no_link": _no_link,
    "link_comma": _link_comma,
    "link_host": _link_host,
    "link_cycle": _link_cycle,
}
