"""What an operator should know of a campaign before a bulk change: whole sentences, worded alike.

A warning keeps nobody from going on. What cannot be done at all is a problem, and is left out.
"""

from collections.abc import Collection, Mapping
from typing import Any

from webapp.campaigns import figures
from webapp.campaigns.fields import LABELS
from webapp.campaigns.models import CONFLICT, NEEDS_YOU

MOVED = "It was changed since it was picked; the values shown are those of now."
ARCHIVED = "It is in the archive."
TROUBLED = "It needs you: a change of it was refused, or its outcome is not known."
CONFLICTED = "It is in conflict with Megaphone in another field."
RISES = "Its budget rises by more than 50 %."
FROM_ZERO = "Its budget rises from 0."
FALLS = "Its budget falls by more than half."
CURRENCY = "The currency of its budget changes."
# What has to be meant before it is done, and how the tick for it calls it.
MEANT = {
    RISES: "rises of more than 50 %",
    FROM_ZERO: "rises from 0",
    FALLS: "falls by more than half",
    CURRENCY: "changes of currency",
}
# What the form of a single campaign asks for too.
AS_IN_THE_FORM = {
    figures.RISE: RISES,
    figures.FROM_ZERO: FROM_ZERO,
    figures.OTHER_CURRENCY: CURRENCY,
}


def warnings_of(
    facts: Any, wanted: Mapping[str, Any], in_conflict: Collection[str], version: int | None
) -> list[str]:
    """``facts`` is a row of ``webapp.bulk.queries.facts``; ``version`` the one it was picked at."""
    change = budget_change(_budget(facts), wanted["budget"]) if "budget" in wanted else None
    found = {
        MOVED: version is not None and version != facts.version,
        ARCHIVED: facts.archived_at is not None and "archived" not in wanted,
        CONFLICTED: bool(in_conflict) and "archived" not in wanted,
        TROUBLED: facts.sync_state in NEEDS_YOU and facts.sync_state != CONFLICT,
    } | {each: each == change for each in MEANT}
    return [warning for warning, is_so in found.items() if is_so]


def budget_change(before: Any, after: Any) -> str | None:
    """How a budget changes, where that has to be meant: as in the form, or by a fall."""
    asked = figures.to_be_meant(after, before)
    if asked:
        return AS_IN_THE_FORM[asked]
    becomes = after[0] if after else 0
    return FALLS if before and becomes * 2 < before[0] else None


def conflict_problem(wanted: Collection[str], in_conflict: Collection[str]) -> str | None:
    """A new value would settle a conflict, and theirs is not in view: a person decides it first."""
    both = [LABELS[group] for group in LABELS if group in wanted and group in in_conflict]
    return f"In conflict with Megaphone in {', '.join(both)}. Decide that first." if both else None


def _budget(facts: Any) -> list[Any] | None:
    if facts.total_budget_minor is None:
        return None
    return [facts.total_budget_minor, facts.total_budget_currency]
