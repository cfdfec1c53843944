"""The query language: reading a text as a query.

Words and "phrases" are searched for, ``-`` leaves out what follows it. ``field:value`` asks about
a field, ``field:a,b`` for any of several values; ``field:>v``, ``>=``, ``<``, ``<=`` and
``field:a..b`` compare; ``field:none`` and ``field:any`` ask whether there is a value. In quotes
every character means itself, and two quotes are one. Every text is a query or an error that points.
"""

import re
from dataclasses import replace

from webapp.core.query_errors import BadValue, QueryError, nearest
from webapp.core.query_habits import refuse_habits
from webapp.core.query_terms import (
    ANY,
    COMPARISONS,
    NONE,
    RANGE,
    Field,
    Fields,
    Query,
    Term,
    Value,
    as_words,
    printable,
)

__all__ = ["MAX_LENGTH", "MAX_TERMS", "Query", "QueryError", "as_words", "parse"]

MAX_LENGTH = 500
MAX_TERMS = 20

_FIELD = re.compile(r"([A-Za-z][A-Za-z_]*)(:|>=?|<=?)")
_COMPARISON = re.compile("|".join(COMPARISONS))
_NUMBERS_COMMA = re.compile(r"(?<=\d),(?=\d{1,3}(?!\d))")
_GROUPED = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])")


def parse(text: str, fields: Fields) -> Query:
    """Read a text. Raises ``QueryError``."""
    return _Reader(text, fields).query()


class _Reader:
    """Walks along the text; ``at`` is the place of the next character."""

    def __init__(self, text: str, fields: Fields) -> None:
        self.text = printable(text)
        self.fields = fields
        self.at = 0

    def query(self) -> Query:
        length = len(self.text.rstrip())
        if length > MAX_LENGTH:
            message = f"A query has at most {MAX_LENGTH} characters, and this one {length:,}."
            raise QueryError(message, self.text, MAX_LENGTH, length)
        terms: dict[Term, None] = {}
        typed: list[Term] = []
        while (term := self._term()) is not None:
            terms.setdefault(term)
            typed.append(term)
            if len(terms) > MAX_TERMS:
                message = f"A query has at most {MAX_TERMS} terms. Leave out what follows."
                raise QueryError(message, self.text, term.start, length)
            # Quotes may make it longer than what was typed, and it must be readable again.
            if len(Query(tuple(terms)).text) > MAX_LENGTH:
                message = f"Written out, this has more than {MAX_LENGTH} characters. Shorten it."
                raise QueryError(message, self.text, term.start, length)
        refuse_habits(typed, self.text, self.fields)
        return Query(tuple(terms), self.text)

    def _term(self) -> Term | None:
        """The next term that asks for something, or none at the end."""
        while self._skip_blanks():
            start = self.at
            negated = self._is("-") and self.text[self.at + 1 : self.at + 2] not in ("", " ")
            self.at += negated
            spec = self._field()
            values = self._values(spec, start) if spec else self._word()
            if values:
                return Term(spec.name if spec else "", values, negated, start, self.at)
        return None

    def _field(self) -> Field | None:
        """The field whose name stands here, having gone past its colon; none before a word."""
        found = _FIELD.match(self.text, self.at)
        if not found:
            return None
        name, sign = found.groups()
        spec = self.fields.get(name)
        if spec is None:
            self._refuse_unknown(found)
            return None
        if sign != ":" and not spec.compares:
            message = f"“{spec.name}” cannot be compared. Write it as {spec.name}:{spec.example}."
            raise QueryError(message, self.text, *found.span(), (f"{spec.name}:",))
        self.at = found.end() if sign == ":" else found.end(1)
        return spec

    def _refuse_unknown(self, found: re.Match[str]) -> None:
        """Raise for what must be meant as a field; ``C:/ads`` and ``https://`` are words."""
        name, sign = found.groups()
        near = self.fields.nearest(name)
        after = self.text[found.end() : found.end() + 2]
        is_word = after[:1] in ("", " ") or after == "//" or len(name) == 1
        if not near if sign != ":" else is_word:
            return
        raise QueryError(f"There is no field “{name}”.", self.text, *found.span(1), near)

    def _word(self) -> tuple[Value, ...]:
        start = self.at
        text = self._quoted() if self._is('"') else self._until(" ")
        return (Value(text, start=start, end=self.at),) if text else ()

    def _values(self, spec: Field, start: int) -> tuple[Value, ...]:
        found: dict[Value, None] = {}
        while True:
            value = self._value(spec)
            self._refuse_rest(spec)
            if value is not None:
                found.setdefault(self._checked(spec, value))
            if not self._is(","):
                break
            self.at += 1
        if not found:
            message = f"“{spec.name}” needs a value, such as {spec.name}:{spec.example}."
            raise QueryError(message, self.text, start, self.at)
        return tuple(found)

    def _refuse_rest(self, spec: Field) -> None:
        """Raise for what is left of a word behind the end of a value."""
        if self.at < len(self.text) and self.text[self.at] not in " ,":
            place = self.at
            rest = self._until(" ")
            message = f"“{rest}” does not belong to the value of “{spec.name}” before it."
            raise QueryError(message, self.text, place, self.at, (f" {rest}",))

    def _value(self, spec: Field) -> Value | None:
        start = self.at
        op = ""
        if spec.compares and (found := _COMPARISON.match(self.text, self.at)):
            op = found[0]
            self.at = found.end()
        is_literal = self._is('"')
        low = self._part(spec)
        if spec.compares and not op and self.text.startswith(RANGE, self.at):
            self.at += len(RANGE)
            return self._range(low, self._part(spec), start)
        if not low:
            return None
        if spec.has_none and not is_literal and not op and low.lower() in (NONE, ANY):
            return Value("", low.lower(), "", start, self.at)
        return Value(low, op, "", start, self.at)

    def _range(self, low: str, high: str, start: int) -> Value | None:
        if low and high:
            return Value(low, RANGE, high, start, self.at)
        if low or high:
            return Value(low or high, ">=" if low else "<=", "", start, self.at)
        return None

    def _part(self, spec: Field) -> str:
        """A value, or one end of a range: in quotes, or up to what ends it."""
        if self._is('"'):
            return self._quoted()
        if not spec.compares:
            return self._until(" ,")
        start = self.at
        while self.at < len(self.text) and self.text[self.at] != " ":
            ends = self._is(",") and not _NUMBERS_COMMA.match(self.text, self.at)
            if ends or self.text.startswith(RANGE, self.at):
                break
            self.at += 1
        return _GROUPED.sub(lambda digits: digits[0].replace(",", ""), self.text[start : self.at])

    def _checked(self, spec: Field, value: Value) -> Value:
        if value.op in (NONE, ANY):
            return value
        try:
            if spec.choices:
                return _chosen(spec, value)
            if spec.check:
                spec.check(value)
        except BadValue as error:
            place = (value.start, value.end)
            raise QueryError(error.message, self.text, *place, error.suggestions) from None
        return value

    def _quoted(self) -> str:
        """What stands in quotes, which end with the text at the latest."""
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            parts.append(self._until('"'))
            self.at += 1
            if not self._is('"'):
                break
            parts.append('"')
            self.at += 1
        self.at = min(self.at, len(self.text))
        return " ".join("".join(parts).split())

    def _until(self, ends: str) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        return self.text[start : self.at]

    def _is(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def _skip_blanks(self) -> bool:
        """Go to the next character that is none; whether there is one."""
        while self._is(" "):
            self.at += 1
        return self.at < len(self.text)


def _chosen(spec: Field, value: Value) -> Value:
    """The value that this spelling stands for."""
    spelling = value.text.lower().replace(" ", "_").replace("-", "_")
    if spelling in spec.choices:
        choice = spec.choices[spelling]
        return replace(value, text="", op=ANY) if choice == ANY else replace(value, text=choice)
    offered = list(dict.fromkeys(spec.choices.values()))
    message = f"“{spec.name}” cannot be “{value.text}”. It can be {', '.join(offered)}."
    near = [spec.choices[name] for name in nearest(spelling, spec.choices)]
    raise BadValue(message, *(near or offered))
