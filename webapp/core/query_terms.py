"""What a query consists of, and how it is written: terms, their values, and the fields there are.

Reading a text is ``webapp.core.query``; what a field's values mean is for those who define it.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from webapp.core.query_errors import QueryError, nearest

NONE, ANY, RANGE = "none", "any", ".."
COMPARISONS = (">=", "<=", ">", "<")
# Words only in quotes: elsewhere they stand between conditions.
RESERVED = OR, AND, NOT = "OR", "AND", "NOT"

_NOT_A_PLAIN_WORD = re.compile(rf'^-|[\s":<>]|^(?:{"|".join(RESERVED)})$')
_NOT_A_PLAIN_VALUE = re.compile(r'[\s",<>]|\.\.')
_LIKE_A_NUMBERS_END = re.compile(r"\d{1,3}(?!\d)")


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values that a term asks for; ``start`` and ``end`` are its place in the text.

    ``op`` is empty, a comparison, ``..`` (then ``high`` is the upper end), ``none`` or ``any``.
    """

    text: str = ""
    op: str = ""
    high: str = ""
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def written(self, before: str = "") -> str:
        """The value as it is typed; ``before`` is the value written before it."""
        if self.op in (NONE, ANY):
            return self.op
        # 100,200 would be one number.
        may_join = before[-1:].isdigit() and self.op in ("", RANGE)
        low = _value_text(self.text, may_join=may_join)
        return f"{low}..{_value_text(self.high)}" if self.op == RANGE else self.op + low


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: a field that has any of the values, or a word when ``field`` is empty."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    @property
    def word(self) -> str:
        """What is searched for; empty for a field."""
        return "" if self.field else self.values[0].text

    @property
    def text(self) -> str:
        sign = "-" if self.negated else ""
        if not self.field:
            return sign + quoted_if(_NOT_A_PLAIN_WORD, self.word)
        values: list[str] = []
        for value in self.values:
            values.append(value.written(values[-1] if values else ""))
        return f"{sign}{self.field}:{','.join(values)}"


@dataclass(frozen=True)
class Query:
    """All terms must hold. ``source`` is the text it was read from."""

    terms: tuple[Term, ...] = ()
    source: str = dataclasses.field(default="", compare=False)

    @property
    def text(self) -> str:
        """The query in its one spelling: read again, it is the same query."""
        return " ".join(term.text for term in self.terms)

    def without(self, term: Term) -> "Query":
        return Query(tuple(other for other in self.terms if other != term), self.source)

    def error(self, value: Value, message: str, *suggestions: str) -> QueryError:
        """An error that points at one of this query's values."""
        return QueryError(message, self.source, value.start, value.end, suggestions)


@dataclass(frozen=True)
class Field:
    """What can be asked about one field.

    ``choices`` maps each accepted spelling to the value it stands for. ``check`` raises
    ``BadValue`` for a value that cannot be used. ``has_none`` says that ``none`` and ``any`` ask
    whether there is a value at all, ``compares`` that ``>``, ``<`` and ranges mean something.
    """

    name: str
    label: str
    example: str
    aliases: tuple[str, ...] = ()
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    check: Callable[[Value], object] | None = None
    has_none: bool = False
    compares: bool = False


class Fields:
    """The fields of one kind of thing, found by name or alias, in the order they were given.

    ``for_words`` are the names of those that words are looked for in.
    """

    def __init__(self, fields: Iterable[Field], for_words: Sequence[str] = ()) -> None:
        self._fields = tuple(fields)
        self.for_words = tuple(for_words)
        self._by_name = {name: spec for spec in self._fields for name in (spec.name, *spec.aliases)}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)

    def __getitem__(self, name: str) -> Field:
        return self._by_name[name]

    def get(self, name: str) -> Field | None:
        return self._by_name.get(name.lower())

    def nearest(self, name: str) -> list[str]:
        """Names that may have been meant, each once."""
        found = nearest(name.lower(), self._by_name)
        return list(dict.fromkeys(self._by_name[near].name for near in found))


def quoted(text: str) -> str:
    """The text in quotes, in which every character means itself."""
    return '"' + text.replace('"', '""') + '"'


def quoted_if(pattern: re.Pattern[str], text: str) -> str:
    return quoted(text) if pattern.search(text) else text


def as_words(text: str) -> str:
    """A query for the words of this text as they stand, whatever they would mean otherwise."""
    return " ".join(quoted_if(_NOT_A_PLAIN_WORD, word) for word in printable(text).split())


def printable(text: str) -> str:
    """The text with a blank for each character that cannot be seen: no place in it moves."""
    return "".join(c if c.isprintable() else " " for c in text)


def _value_text(text: str, *, may_join: bool = False) -> str:
    is_special = text.lower() in (NONE, ANY) or (may_join and _LIKE_A_NUMBERS_END.match(text))
    return quoted(text) if is_special else quoted_if(_NOT_A_PLAIN_VALUE, text)
