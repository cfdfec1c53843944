"""What people type who know other languages: OR, AND and NOT between words, ``budget > 5000``.

As words they would find nothing, and nobody would know why. In quotes they are words, and so are
OR, AND and NOT in a text all in capitals, as titles are that someone pastes.
"""

import re
from collections.abc import Sequence
from itertools import takewhile

from webapp.core.query_errors import BadValue, QueryError
from webapp.core.query_terms import (
    AND,
    ANY,
    NONE,
    NOT,
    OR,
    RESERVED,
    Field,
    Fields,
    Term,
    Value,
    quoted,
)

_COMPARED = re.compile("(>=?|<=?|=)(.*)")
_THOUSANDS = re.compile(r"\d{3}(?:[.,]\d+)?")
SAID = {
    OR: "Here a comma stands for “or”, between values of one field. In quotes, “OR” is a word.",
    AND: "All terms must hold anyway: leave out “AND”. In quotes, it is a word.",
    NOT: "Here a minus before it leaves something out. In quotes, “NOT” is a word.",
}


def refuse_habits(terms: Sequence[Term], text: str, fields: Fields) -> None:
    """Raise ``QueryError`` for terms of this text that must be meant in another language."""
    words = [_plain_word(term, text) for term in terms]
    _refuse_parted(terms, words, text, fields)
    if text != text.upper():
        _refuse_not(terms, words, text)
        _refuse_between(terms, words, text, fields)


def _plain_word(term: Term, text: str) -> str:
    """The word, where it was typed without quotes and without a minus; empty for other terms."""
    typed = text[term.start : term.end]
    return "" if term.field or term.negated or typed.startswith('"') else typed


def _refuse_parted(terms: Sequence[Term], words: Sequence[str], text: str, fields: Fields) -> None:
    for at, word in enumerate(words[:-1]):
        spec = fields.get(word)
        found = _COMPARED.fullmatch(words[at + 1])
        if spec is None or not spec.compares or not found:
            continue
        sign, value = found.groups()
        op = "" if sign == "=" else sign
        last = at + 1 if value else at + 2
        value = value or "".join(words[last : last + 1])
        if value:
            more = _rest_of(value, op, words[last + 1 :], spec)
            end = terms[last + len(more)].end
            alone = f"{spec.name}:{op}{value}"
            fixes = (alone + "".join(more), " ".join((alone, *more))) if more else (alone,)
            message = f"Between “{spec.name}” and its value there is a colon and no blank."
            raise QueryError(message, text, terms[at].start, end, fixes)


def _rest_of(value: str, op: str, words: Sequence[str], spec: Field) -> Sequence[str]:
    """The words that may belong to the value before them: its thousands, and its unit."""
    found = list(takewhile(_THOUSANDS.fullmatch, words))
    found += filter(str.isalpha, words[len(found) : len(found) + 1])
    while found and not _is_usable(spec, Value("".join((value, *found)), op)):
        found.pop()
    return found


def _is_usable(spec: Field, value: Value) -> bool:
    if value.op in (NONE, ANY):
        return True
    if spec.choices:
        return value.text in spec.choices
    try:
        if spec.check:
            spec.check(value)
    except BadValue:
        return False
    return True


def _refuse_not(terms: Sequence[Term], words: Sequence[str], text: str) -> None:
    for at, word in enumerate(words[:-1]):
        if word == NOT:
            start, end = terms[at].start, terms[at + 1].end
            after = text[terms[at + 1].start : end]
            meant = f"{quoted(NOT)} {after}" if after.startswith("-") else f"-{after}"
            raise QueryError(SAID[NOT], text, start, end, (meant,))


def _refuse_between(terms: Sequence[Term], words: Sequence[str], text: str, fields: Fields) -> None:
    for at, word in enumerate(words[:-1]):
        if at and word in (OR, AND):
            last = at + 1
            while words[last + 1 : last + 2] == [word] and last + 2 < len(terms):
                last += 2
            sides = terms[at - 1 : last + 1 : 2]
            typed = [_as_typed(side, text) for side in sides]
            meant = [" ".join(typed)] if word == AND else _either(sides, fields)
            place = (sides[0].start, sides[-1].end)
            raise QueryError(SAID[word], text, *place, meant or [f" {quoted(word)} ".join(typed)])


def _as_typed(term: Term, text: str) -> str:
    typed = text[term.start : term.end]
    return quoted(typed) if typed in RESERVED else typed


def _either(sides: Sequence[Term], fields: Fields) -> list[str]:
    """Terms of one field that ask for any of these; none where it has no use for one of them."""
    named = {side.field for side in sides if side.field}
    if any(side.negated for side in sides) or len(named) > 1:
        return []
    values = tuple(dict.fromkeys(value for side in sides for value in side.values))
    names = named or fields.for_words
    return [
        Term(name, values).text
        for name in names
        if (spec := fields.get(name)) and all(_is_usable(spec, value) for value in values)
    ]
