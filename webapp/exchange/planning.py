"""From a file's lines to a plan: which campaigns become what, and which lines cannot be used."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from webapp.bulk import queries as bulk
from webapp.bulk.service import Planned
from webapp.bulk.verbs import NO_CONNECTION, NOTHING
from webapp.bulk.warnings import conflict_problem, warnings_of
from webapp.campaigns.fields import EDITABLE, Snapshot, editable, values_of
from webapp.campaigns.validation import check_values
from webapp.connections import queries as connections
from webapp.core.errors import InvalidInput
from webapp.exchange import queries
from webapp.exchange.columns import ADVERTISER as ADVERTISER_NAME
from webapp.exchange.columns import BUDGET, CURRENCY, EXTERNAL_ID, ID, NOTES, OWNER, TITLE
from webapp.exchange.facts import Facts
from webapp.exchange.reading import Line, Table
from webapp.exchange.wishes import Wish, values_now, wish_of

DOUBLED = "Another campaign has its title and advertiser already."
HEADING_OF_FIELD = {
    "title": TITLE,
    "advertiser_id": ADVERTISER_NAME,
    "external_id": EXTERNAL_ID,
    "total_budget_minor": BUDGET,
    "total_budget_currency": CURRENCY,
    "owner_id": OWNER,
    "notes": NOTES,
}

Problem = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """``items`` are the lines that ask for something; ``same`` counts those that do not."""

    items: Sequence[Planned]
    problems: Sequence[Problem]
    same: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """A line that could be read, its campaign if it has one, and what it asks for."""

    line: Line
    connection_id: int
    facts: Facts | None
    wish: Wish


def plan_of(table: Table) -> Plan:
    """Reads only. What it says holds as of now; the runner looks at versions and rules again."""
    problems: list[Problem] = []
    asked: list[_Asked] = []
    same = 0
    for each in _asked(table, problems):
        if each.wish.problems:
            problems.append((each.line.number, " ".join(each.wish.problems)))
        elif each.wish.wanted:
            asked.append(each)
        else:
            same += 1
    items = _items(asked)
    problems += [(item.line or 0, item.problem) for item in items if item.problem]
    return Plan([item for item in items if not item.problem], sorted(problems), same)


def _asked(table: Table, problems: list[Problem]) -> Iterable[_Asked]:
    """What each line asks for; lines of no campaign go to ``problems``."""
    ids = _ids(table.lines, problems)
    facts = queries.facts_by_uuid([uuid for _, uuid in ids if uuid])
    known = queries.known_by_connection()
    first_connection = connections.first_connection()
    first = first_connection.id if first_connection else None
    has_comma = table.separator == ";"
    for line, uuid in ids:
        found = facts.get(uuid) if uuid else None
        connection = found.connection_id if found else first
        if uuid and found is None:
            problems.append((line.number, f"{ID}: There is no campaign {uuid}."))
        elif connection is None:
            problems.append((line.number, NO_CONNECTION))
        else:
            wish = wish_of(line, found, known[connection], has_decimal_comma=has_comma)
            yield _Asked(line, connection, found, wish)


def _ids(lines: Iterable[Line], problems: list[Problem]) -> list[tuple[Line, UUID | None]]:
    """Each line with its campaign's uuid, ``None`` for a new one."""
    found: list[tuple[Line, UUID | None]] = []
    lines_of: dict[UUID, int] = {}
    for line in lines:
        text = line.cells.get(ID, "").strip()
        try:
            uuid = UUID(text) if text else None
        except ValueError:
            problems.append((line.number, f"{ID}: “{text[:60]}” is no ID. Leave it as exported."))
            continue
        if line.problem:
            problems.append((line.number, line.problem))
        elif uuid in lines_of:
            problems.append((line.number, f"{ID}: Line {lines_of[uuid]} has the same one."))
        else:
            found.append((line, uuid))
        if uuid:
            lines_of.setdefault(uuid, line.number)
    return found


def _items(asked: Sequence[_Asked]) -> list[Planned]:
    in_conflict = bulk.conflicts_of(each.facts.id for each in asked if each.facts)
    new = [each for each in asked if each.facts is None]
    booked = queries.booked_already(each.wish.wanted["title"] for each in new)
    twice = Counter(_named(each.wish.wanted) for each in new)
    groups = [(editable(each.facts) if each.facts else {}) | each.wish.wanted for each in asked]
    # Held while the rules are checked, which ask for them one by one.
    held = queries.held(_ids_in(groups, "advertiser"), _ids_in(groups, "owner"))
    items = []
    for each in asked:
        if each.facts:
            items.append(_change(each, each.facts, in_conflict))
        else:
            name = _named(each.wish.wanted)
            items.append(_booking(each, is_doubled=name in booked or twice[name] > 1))
    del held
    return items


def _ids_in(wanted: Iterable[Snapshot], group: str) -> list[int]:
    return [each[group] for each in wanted if each.get(group) is not None]


def _named(wanted: Snapshot) -> tuple[str, int | None]:
    return wanted["title"], wanted["advertiser"]


def _change(each: _Asked, facts: Facts, in_conflict: Mapping[int, set[str]]) -> Planned:
    wanted, conflicts = each.wish.wanted, in_conflict.get(facts.id, set())
    old = values_of(editable(facts))
    now = values_now(facts)
    groups = {group: wanted[group] for group in EDITABLE if group in wanted}
    problem = conflict_problem(wanted, conflicts)
    try:
        check_values(values_of(editable(facts) | groups), facts.connection_id, unchanged_from=old)
    except InvalidInput as broken:
        problem = _said(broken)
    return Planned(
        facts.id,
        facts.version,
        wanted,
        {group: now[group] for group in wanted},
        each.line.number,
        [*each.wish.warnings, *warnings_of(facts, wanted, conflicts, None)],
        problem,
    )


def _booking(each: _Asked, *, is_doubled: bool) -> Planned:
    wanted = each.wish.wanted
    item = Planned(None, None, wanted, line=each.line.number, warnings=[DOUBLED] * is_doubled)
    groups = {group: wanted[group] for group in EDITABLE if group in wanted}
    try:
        check_values(values_of(NOTHING | groups), each.connection_id)
    except InvalidInput as broken:
        return replace(item, problem=_said(broken))
    return item


def _said(broken: InvalidInput) -> str:
    return " ".join(f"{HEADING_OF_FIELD[field]}: {text}" for field, text in broken.fields.items())
