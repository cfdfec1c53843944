"""List answers: page and per_page, X-Total, X-Per-Page, X-Page and Link.

Follows the api-pagination gem, whose output the recorded answers match: Link is absent when all
fits on one page; otherwise first and prev (not on page 1), then last and next (not on the last).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

DEFAULT_PER_PAGE = 100
MAX_PER_PAGE = 500
# Beyond this a page number is nonsense, and must not become a huge multiplication.
MAX_PAGE = 10**9


@dataclass
class Listing:
    """One page of a list, before it becomes an answer. Faults change it in between."""

    url: str
    arguments: Mapping[str, str]
    page: int
    per_page: int
    total: int = 0
    rows: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def last_page(self) -> int:
        return max(1, -(-self.total // self.per_page))

    def link_to(self, page: int) -> str:
        """The absolute URL of another page, the request's other arguments kept."""
        arguments = {**self.arguments, "page": str(page)}
        return f"{self.url}?{urlencode(sorted(arguments.items()))}"

    def fill_links(self) -> None:
        """Set the links that belong on this page."""
        pages: dict[str, int] = {}
        if self.page > 1:
            pages |= {"first": 1, "prev": self.page - 1}
        if self.page < self.last_page:
            pages |= {"last": self.last_page, "next": self.page + 1}
        self.links = {rel: self.link_to(page) for rel, page in pages.items()}

    def headers(self) -> dict[str, str]:
        """The headers that go with the page."""
        found = {
            "X-Total": str(self.total),
            "X-Per-Page": str(self.per_page),
            "X-Page": str(self.page),
        }
        if self.links:
            found["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in self.links.items())
        return found


def read_listing(url: str, arguments: Mapping[str, str]) -> Listing:
    """What page was asked for. Anything unreadable counts as not said."""
    page = read_number(arguments.get("page"), 1, MAX_PAGE)
    per_page = read_number(arguments.get("per_page"), DEFAULT_PER_PAGE, MAX_PER_PAGE)
    return Listing(url, arguments, page, per_page)


def read_number(text: str | None, default: int, most: int) -> int:
    """A number from 1 to ``most``; the default for anything that is not one."""
    if not text or not text.isascii() or not text.isdigit():
        return default
    # Python refuses to read numbers of thousands of digits.
    value = int(text[:12])
    return min(value, most) if value >= 1 else default
