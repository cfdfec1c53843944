"""What a line of a file asks for: field groups and their values, or what is wrong in which cell.

A cell counts as typed when it is not as the line's mark says it was written or, without a mark, not
as it would be written now. Of what was typed, that is left out which is so already.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.campaigns.fields import Snapshot, editable
from webapp.exchange.columns import (
    ADVERTISER,
    MARK,
    READ_HEADINGS,
    TITLE,
    Digests,
    digest_of,
    read_mark,
)
from webapp.exchange.facts import Facts, Known
from webapp.exchange.reading import Line
from webapp.exchange.values import HEADINGS_OF, READERS, Typed, Wrong
from webapp.exchange.writing import read_cells

ZEROS_LOST = "The spreadsheet dropped zeros at the front of its external ID, which stays as it is."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line asks for, without what is so already; or its problems, in words."""

    wanted: Snapshot
    problems: list[str]
    warnings: list[str]


def wish_of(line: Line, facts: Facts | None, known: Known, *, has_decimal_comma: bool) -> Wish:
    """What this line asks of the campaign, or of a new one where there are no ``facts``."""
    now = _digests_of(facts) if facts else None
    base = read_mark(line.cells.get(MARK, "")) if facts else None
    typed = _typed(line, facts, base or now, has_decimal_comma=has_decimal_comma)
    wanted: Snapshot = {}
    problems: list[str] = []
    for group, read in READERS.items():
        if not typed.touches(group):
            continue
        try:
            wanted[group] = read(typed, known)
        except Wrong as wrong:
            problems.append(str(wrong))
    if facts is None:
        return Wish(wanted, [*problems, *_missing(typed)], [])
    is_now = values_now(facts)
    warnings = [ZEROS_LOST] if _lost_zeros(wanted.get("external_id"), facts.external_id) else []
    if warnings:
        del wanted["external_id"]
    wanted = {group: value for group, value in wanted.items() if value != is_now[group]}
    if base and now:
        problems += _moved(wanted, base, now, facts)
    return Wish(wanted, problems, warnings)


def values_now(facts: Facts) -> Snapshot:
    """The campaign's groups as they are, ``archived`` among them."""
    return editable(facts) | {"archived": facts.archived_at is not None}


def _digests_of(facts: Facts) -> Digests:
    return dict(zip(READ_HEADINGS, map(digest_of, read_cells(facts)), strict=True))


def _typed(
    line: Line, facts: Facts | None, base: Digests | None, *, has_decimal_comma: bool
) -> Typed:
    filled = {name: cell for name, cell in line.cells.items() if cell.strip()}
    typed = {
        name: cell
        for name, cell in filled.items()
        if name in READ_HEADINGS and (base is None or digest_of(cell) != base[name])
    }
    return Typed(filled, typed, line.cleared, facts, has_decimal_comma)


def _missing(typed: Typed) -> Iterable[str]:
    """What a new campaign cannot do without."""
    if not typed.touches("title"):
        yield f"{TITLE}: A new campaign needs one. To change one that is there, fill in its ID."
    if not typed.touches("advertiser"):
        yield f"{ADVERTISER}: A new campaign needs one."


def _moved(wanted: Iterable[str], base: Digests, now: Digests, facts: Facts) -> Iterable[str]:
    """What somebody else changed since the file was made, and the file as well."""
    cells = dict(zip(READ_HEADINGS, read_cells(facts), strict=True))
    for group in wanted:
        names = [name for name in HEADINGS_OF[group] if base[name] != now[name]]
        if names:
            there = " ".join(cells[name] for name in HEADINGS_OF[group]).strip() or "empty"
            yield (
                f"{names[0]}: It was changed since the file was made, and is now “{there[:200]}”. "
                f"To replace that, empty the cell “{MARK}” of this line."
            )


def _lost_zeros(new: str | None, old: str | None) -> bool:
    if not new or not old or not new.isdigit():
        return False
    return len(new) < len(old) and old.startswith("0") and old.lstrip("0") == new
