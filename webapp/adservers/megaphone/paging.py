"""How Megaphone pages its lists: the Link header, X-Total, X-Page and X-Per-Page.

A cursor is the query of the next request and nothing else of its address: whatever a link says,
the next request goes where the last one went.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, parse_qs, urlsplit

PAGE_SIZE = 500
_LONGEST_LINK_HEADER = 8192
_LONGEST_CURSOR = 2000

# Addresses are taken between their brackets: they may hold commas and semicolons.
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;<>\s]+))*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;<>\s]+))', re.IGNORECASE)
_QUERY = re.compile(r"[!$-;=?-~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def first_cursor(page_size: int = PAGE_SIZE) -> str:
    return cursor_at(1, page_size)


def cursor_at(page: int, page_size: int) -> str:
    return f"page={page}&per_page={page_size}"


def first_middle_last(total: int | None) -> list[str]:
    """The cursors of three single rows of a list of so many; of the first alone if unknown."""
    places = {1, ((total or 1) + 1) // 2, total or 1}
    return [f"page={place}&per_page=1" for place in sorted(places)]


def links(header: str) -> Iterator[tuple[str, str]]:
    """The (rel, address) pairs of a Link header; a link with several rels comes once for each."""
    if len(header) > _LONGEST_LINK_HEADER:
        return
    for address, parameters in _LINK.findall(header):
        rel = _REL.search(parameters)
        for word in (rel[1] or rel[2] or "").split() if rel else ():
            yield word.lower(), address


def count(headers: Mapping[str, str], name: str) -> int | None:
    """A header that is a plain number, else ``None``."""
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def total(headers: Mapping[str, str]) -> int | None:
    """How many rows there are by Megaphone's word. It may exceed what one is shown."""
    return count(headers, "X-Total")


def next_cursor(url: str, cursor: str, headers: Mapping[str, str], rows: int) -> str | None:
    """The cursor after this page of ``rows`` rows, or ``None`` at the end.

    ``url`` is the address that was asked, without its query. A next link that leads to another
    host or path is not followed; then, as without any link, pages are counted up while X-Total
    says that there is more.
    """
    for rel, address in links(headers.get("Link", "")):
        query = _query_at(url, address) if rel == "next" else None
        if query is not None:
            return query
    return _counted_up(cursor, headers, rows)


def _query_at(url: str, address: str) -> str | None:
    try:
        ours, theirs = urlsplit(url), urlsplit(address)
        same_host = (ours.hostname, _port(ours)) == (theirs.hostname, _port(theirs))
    except ValueError:
        return None
    if not same_host or theirs.path != ours.path or len(theirs.query) > _LONGEST_CURSOR:
        return None
    return theirs.query if _QUERY.fullmatch(theirs.query) else None


def _port(parts: SplitResult) -> int | None:
    # Behind a proxy that ends TLS, an application may think itself plain http.
    return None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port


def _counted_up(cursor: str, headers: Mapping[str, str], rows: int) -> str | None:
    known = total(headers)
    page = count(headers, "X-Page") or _page_of(cursor)
    per_page = count(headers, "X-Per-Page") or rows
    if known is None or rows == 0 or page * per_page >= known:
        return None
    asked = parse_qs(cursor).get("per_page", [str(PAGE_SIZE)])[-1]
    return f"page={page + 1}&per_page={asked}"


def _page_of(cursor: str) -> int:
    text = parse_qs(cursor).get("page", ["1"])[-1]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 1
