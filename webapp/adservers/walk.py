"""Walking a listing to its end, and knowing whether it was the whole of it.

Pages are numbered and nothing holds the list still meanwhile, so rows come twice or not at all.
Only a complete walk may be used to conclude that a record is gone.
"""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, Self, TypeVar

from webapp.adservers.types import RemotePage

# 500 rows a page: a million records. Beyond that it is a loop, not a list.
MAX_PAGES = 2000


class Identified(Protocol):
    """A remote record."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


class Walk(Generic[T]):
    """Iterate over the pages of a listing, each without the rows that came before.

    A page whose read raises is not lost: the walk stays where it was, and going on with it (the
    next ``for`` or ``next``) asks for that page again. When it has ended, ``complete`` tells
    whether everything was seen and ``problem`` why not, as a sentence. ``pages``, ``distinct``
    and ``total`` (what the server claimed) grow as it goes. Ids are kept as hashes, eight bytes of
    value each: two of a million are taken for one with a chance of 1 in 30 million. A walk that
    starts in the middle is complete only by luck.
    """

    def __init__(
        self,
        list_page: Callable[[str | None], RemotePage[T]],
        *,
        noun: str = "records",
        max_pages: int = MAX_PAGES,
        start: str | None = None,
    ) -> None:
        self._list_page = list_page
        self._noun = noun
        self._max_pages = max_pages
        self._cursor = start
        self._cursors: set[int] = set()
        self._ids: set[int] = set()
        self._ended = False
        self._problem: str | None = None
        self.pages = 0
        self.bad_rows = 0
        self.total: int | None = None

    def __iter__(self) -> Iterator[RemotePage[T]]:
        return self

    def __next__(self) -> RemotePage[T]:
        if self._ended:
            raise StopIteration
        page = self._list_page(self._cursor)
        self._note_total(page.total)
        self.pages += 1
        fresh = self._without_repeats(page)
        self._advance(page, fresh)
        return fresh

    @property
    def cursor(self) -> str | None:
        """Where a later walk may ``start`` to read on from here; ``None`` at start and end."""
        return None if self._ended else self._cursor

    @property
    def distinct(self) -> int:
        return len(self._ids)

    def has_seen(self, record_id: str) -> bool:
        """Whether the listing had this record so far."""
        return hash(record_id) in self._ids

    @property
    def complete(self) -> bool:
        """Whether the listing was seen to its end and every record in it could be read."""
        return self._ended and self.problem is None

    @property
    def problem(self) -> str | None:
        """Why the listing cannot be taken for the whole, or ``None``."""
        if self._problem is not None:
            return self._problem
        if self.bad_rows:
            rows = "1 row" if self.bad_rows == 1 else f"{self.bad_rows:,} rows"
            return f"{rows} of the list of {self._noun} could not be read."
        if not self._ended:
            return f"The list of {self._noun} was not read to its end."
        if self.total is None:
            return f"The answer did not say how many {self._noun} there are."
        if self.total != self.distinct:
            return f"{self.total:,} {self._noun} were announced and {self.distinct:,} listed."
        return None

    def read_all(self) -> Self:
        """Go to the end for the counts alone."""
        for _ in self:
            continue
        return self

    def _without_repeats(self, page: RemotePage[T]) -> RemotePage[T]:
        items: list[T] = []
        for item in page.items:
            key = hash(item.id)
            if key not in self._ids:
                self._ids.add(key)
                items.append(item)
        self.bad_rows += len(page.bad_rows)
        return RemotePage(items, page.bad_rows, page.next_cursor, page.total)

    def _note_total(self, total: int | None) -> None:
        if self.pages and total != self.total and self._problem is None:
            before, now = _words(self.total), _words(total)
            self._problem = (
                f"The number of {self._noun} changed from {before} to {now} while they were listed."
            )
        self.total = total

    def _advance(self, page: RemotePage[T], fresh: RemotePage[T]) -> None:
        cursor = page.next_cursor
        if cursor is None or not (page.items or page.bad_rows):
            self._ended = True
        elif hash(cursor) in self._cursors or (not fresh.items and not page.bad_rows):
            self._stop(f"The list of {self._noun} led back to a page that had been read.")
        elif self.pages >= self._max_pages:
            self._stop(f"The list of {self._noun} did not end after {self.pages:,} pages.")
        else:
            self._cursors.add(hash(cursor))
            self._cursor = cursor

    def _stop(self, problem: str) -> None:
        self._ended = True
        self._problem = self._problem or problem


def _words(total: int | None) -> str:
    return "unknown" if total is None else f"{total:,}"
