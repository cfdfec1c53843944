"""From a file's bytes to lines of cells: encoding, separators, headings. Knows no campaign.

Read are UTF-8, UTF-16 and Windows-1252; commas, semicolons and tabs; any line breaks. ``[]`` in a
cell stands for nothing at all, an empty one says nothing. Lines count from 1, as editors do.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from webapp.core.errors import DomainError
from webapp.core.text import fold
from webapp.exchange.columns import (
    HEADINGS,
    ID,
    MARK,
    PROBLEM,
    READ_HEADINGS,
    TITLE,
    TOLD_HEADINGS,
)
from webapp.exchange.guard import CLEAR, unguarded

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 10_000
MOST_HEADING_LETTERS = 10_000
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

_SAID_SEPARATOR = re.compile(r"sep=(.)\r?\n?")
_NO_LETTER = re.compile(r"[\W_]+")
_KNOWN = {_NO_LETTER.sub("", fold(name)): name for name in (*HEADINGS, PROBLEM)}


class Unreadable(DomainError):
    """The file as a whole cannot be used; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """``cells`` are the texts by our headings, ``cleared`` the headings of cells with ``[]``.

    ``raw`` is the line as it stands in the file. With a ``problem`` its cells mean nothing.
    """

    number: int
    cells: Mapping[str, str]
    cleared: frozenset[str]
    raw: Sequence[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """``headings`` are the file's own. ``notes`` say how it was read; ``cautions``, what may not be
    meant."""

    headings: Sequence[str]
    lines: Sequence[Line]
    separator: str
    notes: Sequence[str]
    cautions: Sequence[str]


def read_table(content: bytes) -> Table:
    """Raises ``Unreadable``."""
    encoding, text = _decoded(content)
    separator, text, skipped = _separator(text)
    rows = _rows(text, separator, skipped)
    _, headings = next(rows, (0, []))
    places = _places(headings)
    lines = []
    for number, raw in rows:
        if _says_something(raw, places.get(PROBLEM)):
            lines.append(_line(number, raw, places, len(headings)))
        if len(lines) > MOST_ROWS:
            raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Import it in parts.")
    if not lines:
        raise Unreadable("The file has headings and no rows below them.")
    read_as = f"Read as {encoding}, cells separated by {SEPARATORS[separator]}."
    names = [_name_of(heading) for heading in headings]
    cautions = list(_cautions(headings, names))
    return Table(headings, lines, separator, [read_as, *_left_out(names)], cautions)


def _says_something(raw: Sequence[str], problem_place: int | None) -> bool:
    """Whether a row has more than what was said of it before it was emptied."""
    return any(cell.strip() for place, cell in enumerate(raw) if place != problem_place)


def _decoded(content: bytes) -> tuple[str, str]:
    """The name of the encoding, and the text."""
    if len(content) > MOST_BYTES:
        raise Unreadable("The file is larger than 10 MB. Import it in parts.")
    if content.startswith(WORKBOOKS):
        raise Unreadable("This is a workbook. In the spreadsheet, save it as CSV (UTF-8).")
    name, codec = _encoding(content)
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        raise Unreadable("This is not a text file. Save it as CSV (UTF-8).") from None
    if "\0" in text:
        raise Unreadable("This is not a text file. Save it as CSV (UTF-8).")
    return name, text.removeprefix("\ufeff")


def _encoding(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16", "utf-16"
    # Headings are plain letters: in UTF-16 every other byte of them is zero.
    if content[1:2] == b"\0":
        return "UTF-16", "utf-16-le"
    if content[:1] == b"\0":
        return "UTF-16", "utf-16-be"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "Windows-1252, since it is not UTF-8: check letters with accents", "cp1252"
    return "UTF-8", "utf-8"


def _separator(text: str) -> tuple[str, str, int]:
    """The separator, the text from its headings on, and how many lines come before."""
    said = _SAID_SEPARATOR.match(text)
    if said and said[1] in SEPARATORS:
        return said[1], text[said.end() :], 1
    first = io.StringIO(text, newline="").readline(MOST_HEADING_LETTERS).rstrip("\r\n")

    def known(separator: str) -> int:
        cells = next(csv.reader([first], delimiter=separator), [])
        return sum(_name_of(cell) is not None for cell in cells)

    return max(SEPARATORS, key=known), text, 0


def _rows(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begin = 1 + skipped
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1 + skipped
    except csv.Error:
        raise Unreadable(
            f"From line {begin} on, the cells cannot be told apart: a quotation mark is missing, "
            "or one cell holds more than a hundred thousand letters."
        ) from None


def _places(headings: Sequence[str]) -> dict[str, int]:
    """Where each of our columns is. Raises ``Unreadable``."""
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = _name_of(heading)
        if name in places:
            raise Unreadable(f"Two columns are called “{name}”. Leave one of them out.")
        if name:
            places[name] = place
    if ID not in places and TITLE not in places:
        raise Unreadable(
            "The first line must hold the headings. “ID” says which campaigns to change; “Title” "
            "and “Advertiser” are needed to book new ones. Begin with the empty file, or an export."
        )
    return places


def _name_of(heading: str) -> str | None:
    return _KNOWN.get(_NO_LETTER.sub("", fold(heading)))


def _line(number: int, raw: list[str], places: Mapping[str, int], width: int) -> Line:
    if any(cell.strip() for cell in raw[width:]):
        problem = f"It has {len(raw)} cells, and there are {width} headings. Is a quote missing?"
        return Line(number, {}, frozenset(), raw, problem)
    own = {name: raw[place] for name, place in places.items() if place < len(raw)}
    cleared = frozenset(name for name, cell in own.items() if cell.strip() == CLEAR)
    cells = {name: unguarded(cell) for name, cell in own.items() if name not in cleared}
    return Line(number, cells, cleared, raw)


def _left_out(names: Sequence[str | None]) -> Iterator[str]:
    told = [name for name in names if name in TOLD_HEADINGS]
    if told:
        yield f"Only for reading, and left out: {', '.join(told)}."
    absent = [name for name in READ_HEADINGS if name not in names]
    if absent:
        yield f"Not in the file, and left as they are: {', '.join(absent)}."


def _cautions(headings: Sequence[str], names: Sequence[str | None]) -> Iterator[str]:
    named = [heading.strip()[:60] for heading in headings]
    unknown = [f"“{h}”" for h, name in zip(named, names, strict=True) if h and name is None]
    if unknown:
        yield f"Not known here, and left out: {', '.join(unknown)}."
    if ID in names and MARK not in names:
        yield (
            f"There is no column “{MARK}”, so values that others have changed since the file was "
            "made are replaced as well: look at each line."
        )
