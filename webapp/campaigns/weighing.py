"""Reading a form on which two values of a field were weighed: what was chosen, what was seen."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from webapp.campaigns.decisions import CHOICES, OURS, TYPED, Decision
from webapp.campaigns.fields import EDITABLE, GROUPS, Snapshot
from webapp.campaigns.figures import Figures, rise
from webapp.campaigns.forms import CampaignForm, read_snapshot
from webapp.core.errors import InvalidInput
from webapp.core.money import MoneyError

CHOOSE = "Choose what holds."


class LargeRise(InvalidInput):
    """The budget that was chosen has to be meant, and nobody has said that it is."""

    def __init__(self, asked: Figures) -> None:
        super().__init__({"budget": asked.demand})
        self.asked = asked


def check_rise(wanted: Any, now: Any, ticked: Collection[str]) -> None:
    """``ticked`` is what the boxes held that were ticked. Raises ``LargeRise``."""
    found = rise(wanted, now)
    if found.tick and found.tick not in ticked:
        raise LargeRise(found)


def choices_in(arguments: Mapping[str, str]) -> dict[str, str]:
    """The choices of a form that was sent, by group."""
    found = {group: arguments.get(f"choice-{group}", "") for group in EDITABLE}
    return {group: choice for group, choice in found.items() if choice in CHOICES}


def seen_in(arguments: Mapping[str, str]) -> dict[str, Decision]:
    """What the conflicts were when the form was drawn; empty when that cannot be read."""
    try:
        drawn = json.loads(arguments.get("seen", "{}"))
        return {
            group: Decision(drawn[group]["id"], "", drawn[group]["ours"])
            for group in GROUPS
            if group in drawn
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def shown_in(arguments: Mapping[str, str]) -> Snapshot:
    """What stood there when the form was drawn; empty when that cannot be read."""
    return read_snapshot(arguments.get("shown"))


def missing(groups: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """A message for each group without a choice."""
    return {group: CHOOSE for group in groups if group not in chosen}


def clashing(opened: Snapshot, typed: Snapshot, now: Snapshot, also: Collection[str]) -> list[str]:
    """Groups that were changed since the form was opened, unless to what was typed anyway."""
    return [
        group
        for group in EDITABLE
        if group in also
        or (typed[group] != now[group] and (group not in opened or opened[group] != now[group]))
    ]


def merged(
    mine: CampaignForm, form: CampaignForm, now: Snapshot, chosen: Mapping[str, str]
) -> Snapshot:
    """What a weighed form wants in the end. Raises ``InvalidInput`` for an amount.

    A group that nobody had to weigh is as it was typed, or as it is where nothing was typed.
    """
    opened = mine.opened_groups()
    wanted: Snapshot = {}
    for group in EDITABLE:
        choice = chosen.get(group)
        typed = mine.group(group)
        is_typed = group not in opened or typed != opened[group]
        if choice == TYPED:
            wanted[group] = typed_value(form, group)
        elif choice == OURS or (choice is None and is_typed):
            wanted[group] = typed
        else:
            wanted[group] = now[group]
    return wanted


def typed_value(form: CampaignForm, group: str) -> Any:
    """What was typed as another value. Raises ``InvalidInput``."""
    try:
        return form.group(group)
    except MoneyError as problem:
        raise InvalidInput({"total_budget_minor": str(problem)}) from problem
