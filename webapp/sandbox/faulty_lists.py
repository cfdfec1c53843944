"""Faults inside a list: rows that move, repeat or hide, totals and links that lie."""

from collections.abc import Callable
from zlib import crc32

from webapp.sandbox.faults import Options, Rule
from webapp.sandbox.paging import Listing
from webapp.sandbox.state import State

# Rendered rows begin with {"id":"<36 characters>".
ID_IN_ROW = slice(7, 43)


def disturb(listing: Listing, kind: str, state: State, rules: list[Rule]) -> None:
    """Let every rule that is about lists change the page."""
    for rule in rules:
        if rule.action in _ACTIONS:
            _ACTIONS[rule.action](listing, kind, state, rule.options)


def is_hidden(record_id: str, rules: list[Rule]) -> bool:
    """Whether a rule takes away the permission for this record."""
    return any(_hides(record_id, rule.options) for rule in rules if rule.action == "hide")


def _hides(record_id: str, options: Options) -> bool:
    # A hash, not chance: the same records are gone on every page and in every walk.
    return crc32(record_id.encode()) % 10_000 < options["share"] * 10_000


def _hide(listing: Listing, kind: str, state: State, options: Options) -> None:
    if options["counted"]:
        listing.rows = [row for row in listing.rows if not _hides(row[ID_IN_ROW], options)]
        return
    seen = [at for at, record_id in state.ids(kind) if not _hides(record_id, options)]
    listing.total = len(seen)
    listing.rows = state.rows_at(seen[listing.offset : listing.offset + listing.per_page])
    listing.fill_links()


def _empty_page(listing: Listing, kind: str, state: State, options: Options) -> None:
    listing.rows = []
    listing.links.setdefault("next", listing.link_to(listing.page + 1))


def _total_off(listing: Listing, kind: str, state: State, options: Options) -> None:
    listing.total = max(0, listing.total + options["by"])


def _duplicate_row(listing: Listing, kind: str, state: State, options: Options) -> None:
    if listing.offset:
        listing.rows = state.page(kind, listing.offset - 1, 1) + listing.rows


def _shift(listing: Listing, kind: str, state: State, options: Options) -> None:
    offset = max(0, listing.offset - options["by"])
    listing.rows = state.page(kind, offset, listing.per_page)


def _no_link(listing: Listing, kind: str, state: State, options: Options) -> None:
    listing.links = {}


def _link_comma(listing: Listing, kind: str, state: State, options: Options) -> None:
    listing.links = {rel: f"{url}&fields=id,title" for rel, url in listing.links.items()}


def _link_host(listing: Listing, kind: str, state: State, options: Options) -> None:
    if "next" in listing.links:
        path = listing.links["next"].split("/", 3)[3]
        listing.links["next"] = f"{options['host']}/{path}"


def _link_cycle(listing: Listing, kind: str, state: State, options: Options) -> None:
    listing.links["next"] = listing.link_to(options["to"])


_ACTIONS: dict[str, Callable[[Listing, str, State, Options], None]] = {
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
