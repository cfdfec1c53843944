"""List pages as tables of data: allowed sorts and filters, caps, parameters, and the page itself.

A list's parameters come from the address and go back into it. What is unknown or out of bounds is
left out with a note for the reader; nothing in an address is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    UnaryExpression,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.visitors import iterate

T = TypeVar("T")

PER_PAGE_CHOICES = (25, 50, 100, 200)
DEFAULT_PER_PAGE = 50
# Rows are counted so far for a page: further, counting costs more than the page.
COUNT_CAP = 1_000
MAX_QUERY_LENGTH = 200
MAX_PAGE = 100_000

Condition = ColumnElement[bool]


class PartlyKnown(ValueError):
    """A look of which only a part is known: the tidy form of that, and the text of the rest."""

    def __init__(self, tidy: str, rest: str) -> None:
        super().__init__(rest)
        self.tidy = tidy


@dataclass(frozen=True)
class Filter:
    """``condition`` gets the address's text; it raises ``ValueError`` for one it cannot use."""

    condition: Callable[[str], Condition | None]
    default: str = ""


@dataclass(frozen=True)
class ListTable:
    """What one list allows. ``tie_break`` makes every order total and so every page stable.

    ``looks`` are arguments that change what is shown of the rows, not which rows: each gives the
    tidy form of the address's text, empty for the usual look, and raises ``ValueError`` for one
    that it does not know, or ``PartlyKnown``.
    """

    sorts: Mapping[str, Sequence[InstrumentedAttribute[Any]]]
    tie_break: InstrumentedAttribute[int]
    default_sort: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    max_query: int = MAX_QUERY_LENGTH
    looks: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    def parse(self, args: Mapping[str, str]) -> "ListParams":
        notes: list[str] = []
        query = _clean(args.get("q", ""))
        if len(query) > self.max_query:
            query = query[: self.max_query].strip()
            notes.append(f"Only the first {self.max_query:,} characters were searched for.")
        return ListParams(
            query=query,
            filters=self._filters(args, notes),
            sort=self._sort(args.get("sort", ""), notes),
            default_sort=self.default_sort,
            page=_number(args.get("page"), 1, 1, MAX_PAGE, "page", notes),
            per_page=_per_page(args.get("per_page"), notes),
            exact=args.get("count") == "exact",
            looks=self._looks(args, notes),
            notes=tuple(notes),
        )

    def _filters(self, args: Mapping[str, str], notes: list[str]) -> dict[str, str]:
        chosen = {}
        for name, spec in self.filters.items():
            text = _clean(args.get(name, ""))
            if not text or text == spec.default:
                continue
            try:
                spec.condition(text)
            except ValueError:
                notes.append(f"The filter {name} does not know “{text[:40]}”; it was left out.")
                continue
            chosen[name] = text
        return chosen

    def _looks(self, args: Mapping[str, str], notes: list[str]) -> dict[str, str]:
        chosen = {}
        for name, tidied in self.looks.items():
            text = _clean(args.get(name, ""))
            try:
                chosen[name] = tidied(text) if text else ""
                continue
            except PartlyKnown as error:
                chosen[name], unknown = error.tidy, str(error)
            except ValueError:
                unknown = text
            notes.append(f"This list does not know {name} “{unknown[:40]}”; it was left out.")
        return {name: text for name, text in chosen.items() if text}

    def _sort(self, text: str, notes: list[str]) -> str:
        if not text:
            return self.default_sort
        if text.removeprefix("-") in self.sorts:
            return text
        notes.append(f"This list cannot be sorted by “{_clean(text)[:40]}”.")
        return self.default_sort

    def conditions(self, params: "ListParams") -> list[Condition]:
        """The filters as conditions, defaults included."""
        found = []
        for name, spec in self.filters.items():
            condition = spec.condition(params.filters.get(name, spec.default))
            if condition is not None:
                found.append(condition)
        return found

    def order(self, params: "ListParams", *, turned: bool = False) -> list[UnaryExpression[Any]]:
        """The order of the list, or the same ``turned``, to count from its end.

        Rows without a value come first when ascending, on every database.
        """
        columns = [*self.sorts[params.sort_column], self.tie_break]
        if params.descending != turned:
            return [c.desc().nulls_last() if c.nullable else c.desc() for c in columns]
        return [c.asc().nulls_first() if c.nullable else c.asc() for c in columns]


@dataclass(frozen=True)
class ListParams:
    """A list's state, as its address says it."""

    query: str
    filters: Mapping[str, str]
    sort: str
    default_sort: str
    page: int
    per_page: int
    exact: bool
    notes: tuple[str, ...]
    looks: Mapping[str, str] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def most_counted(self) -> int | None:
        """How many rows are counted at most: one more than ``COUNT_CAP``, or all when asked to."""
        return None if self.exact else COUNT_CAP + 1

    @property
    def sort_column(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def link(self, **changes: str | int | None) -> dict[str, str | int]:
        """Arguments for this list's address, with some changed. Without ``page`` it is page 1."""
        state: dict[str, str | int | None] = {
            "q": self.query,
            **self.filters,
            "sort": None if self.sort == self.default_sort else self.sort,
            "per_page": None if self.per_page == DEFAULT_PER_PAGE else self.per_page,
            **self.looks,
        }
        state |= changes
        if state.get("sort") == self.default_sort:
            state["sort"] = None
        if state.get("page") == 1:
            state["page"] = None
        return {name: value for name, value in state.items() if value not in (None, "")}

    def sort_link(self, column: str, *, descending_first: bool = False) -> dict[str, str | int]:
        """Sort by this column; pressed again, the other way round."""
        if self.sort_column == column:
            return self.link(sort=column if self.descending else f"-{column}")
        return self.link(sort=f"-{column}" if descending_first else column)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. ``total`` stops at ``COUNT_CAP`` when ``capped``."""

    items: Sequence[T]
    number: int
    per_page: int
    total: int
    capped: bool = False

    @property
    def first(self) -> int:
        """The place of the first row, from 1; 0 when there is none."""
        return (self.number - 1) * self.per_page + 1 if self.items else 0

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1 if self.items else 0

    @property
    def pages(self) -> int:
        """How many pages there are, as far as was counted or is seen here; at least 1."""
        seen = self.number if self.items else 1
        return max(seen, -(-self.total // self.per_page))

    @property
    def has_next(self) -> bool:
        return self.capped or self.number < self.pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def count_of(query: Select[int], most: int | None) -> ScalarSelect[int]:
    """How many rows a query finds, counting no further than ``most``."""
    found = query if most is None else query.limit(written_out(most))
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def written_out(number: int) -> ColumnElement[int]:
    """A number in the statement itself: one for few rows is planned otherwise than one for any."""
    return literal_column(str(number), Integer)


def one_of(column: InstrumentedAttribute[Any], values: Sequence[str | int]) -> Condition:
    """Whether a column has one of these values, of which there are few: written out likewise."""
    given: BindParameter[Any] = bindparam(
        None, list(values), expanding=True, literal_execute=True, unique=True
    )
    return column.in_(given)


def is_written_out(conditions: Sequence[Condition]) -> bool:
    """Whether all that conditions compare with stands in the statement itself."""
    parts = (part for condition in conditions for part in iterate(condition))
    return all(part.literal_execute for part in parts if isinstance(part, BindParameter))


def from_nearer_end(offset: int, size: int, total: int) -> tuple[int, int, bool]:
    """Where a page of so many rows in all is read from, how many rows, and whether from the end.

    Beyond the end there are none, and the number is 0.
    """
    number = max(0, min(size, total - offset))
    behind = total - offset - number
    return (behind, number, True) if behind < offset else (offset, number, False)


def is_counted(rows: Sequence[object], params: ListParams) -> bool:
    """Whether these rows, one more than a page asked for, say by themselves where the list ends."""
    found = len(rows)
    return 0 < found <= params.per_page or (found == 0 and params.page == 1)


def is_counted_by(found: ColumnElement[int], page: int, per_page: int) -> Condition:
    """The same of a number of rows that only the database knows yet."""
    return found.between(written_out(0 if page == 1 else 1), written_out(per_page))


def page_of(
    rows: Sequence[T], params: ListParams, total: int | None = None, most: int | None = None
) -> Page[T]:
    """The page of these rows, of which one more than fits may be given.

    ``total`` is how many were counted, at the most ``most``; ``None`` where the rows say it.
    """
    known = params.offset + len(rows) if total is None else total
    is_capped = total is not None and most is not None and total >= most
    shown = rows[: params.per_page]
    number = COUNT_CAP if is_capped else known
    return Page(shown, params.page, params.per_page, number, is_capped)


def _clean(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _number(
    text: str | None, default: int, least: int, most: int, name: str, notes: list[str]
) -> int:
    if not text:
        return default
    try:
        number = int(text[:12])
    except ValueError:
        number = 0
    if least <= number <= most:
        return number
    notes.append(f"There is no {name} “{_clean(text)[:20]}”; page {default} is shown.")
    return default


def _per_page(text: str | None, notes: list[str]) -> int:
    if not text:
        return DEFAULT_PER_PAGE
    if text in {str(choice) for choice in PER_PAGE_CHOICES}:
        return int(text)
    choices = ", ".join(str(choice) for choice in PER_PAGE_CHOICES)
    notes.append(f"A page holds {choices} rows; {DEFAULT_PER_PAGE} are shown.")
    return DEFAULT_PER_PAGE
