"""The page on which two values of one field are weighed: ours against Megaphone's, or what someone
typed against what a colleague saved meanwhile. Three columns, and one choice a field group."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wtforms import Field

from webapp.advertisers import queries as advertisers
from webapp.auth import queries as operators
from webapp.campaigns import queries
from webapp.campaigns.authors import Authors, authors_of
from webapp.campaigns.decisions import OURS, THEIRS, Decision
from webapp.campaigns.fields import (
    EDITABLE,
    GROUPS,
    LABELS,
    NOBODY,
    Snapshot,
    editable,
    readable,
    snapshot,
)
from webapp.campaigns.figures import Figures
from webapp.campaigns.forms import CampaignForm, fields_of
from webapp.campaigns.models import Campaign, Conflict
from webapp.campaigns.weighing import clashing
from webapp.web.filters import sentence

# Ad copy is needed or it is not: there is no other value.
WITHOUT_THIRD = "copy_needed"

Names = tuple[Mapping[int, str], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Side:
    """One value, with who set it and when. ``text`` is ``None`` for nothing.

    ``moved``: it is another than when the page was drawn the last time.
    """

    text: str | None
    by: str | None = None
    at: datetime | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One field group to decide. ``fields`` take another value; ``note`` is said beside it.

    ``asked`` has the box to tick for a large rise.
    """

    group: str
    label: str
    agreed: Side
    ours: Side
    theirs: Side
    choice: str | None = None
    fields: Sequence[Field] = ()
    error: str | None = None
    note: str | None = None
    asked: Figures | None = None

    @property
    def name(self) -> str:
        return f"choice-{self.group}"

    @property
    def title(self) -> str:
        return sentence(self.label)


@dataclass(frozen=True, slots=True)
class Words:
    """What the columns, the choices and the page are called."""

    title: str
    moved: str
    intro: str
    agreed: str
    ours: str
    theirs: str
    is_now: str
    keep_ours: str
    take_theirs: str
    button: str


CONFLICT = Words(
    title="Changed here and in Megaphone",
    moved="It changed while you were deciding.",
    intro="Nothing of this is sent until you choose what holds; every other change goes through.",
    agreed="Last agreed",
    ours="Ours",
    theirs="In Megaphone",
    is_now="is in Megaphone",
    keep_ours="Keep ours",
    take_theirs="Take theirs",
    button="Settle and send to Megaphone",
)
CLASH = Words(
    title="Someone saved while you were typing",
    moved="This campaign was changed since you opened it.",
    intro="Only what was changed meanwhile is asked here. What else you typed is saved with it.",
    agreed="When you opened it",
    ours="Yours",
    theirs="There now",
    is_now="is now",
    keep_ours="Save mine",
    take_theirs="Leave what is there",
    button="Save and send to Megaphone",
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a page was drawn from: the groups, and what travels with the form unseen."""

    groups: Sequence[Group]
    hidden: Sequence[tuple[str, str]] = field(default_factory=tuple)


def conflict_page(
    campaign: Campaign, form: CampaignForm, seen: Mapping[str, Decision], chosen: Mapping[str, str]
) -> Weighed:
    """The open conflicts of a campaign; ``seen`` is what they were when drawn before, if ever."""
    conflicts = sorted(
        queries.open_conflicts(campaign), key=lambda each: GROUPS.index(each.field_group)
    )
    ours = snapshot(campaign)
    base = {c.field_group: c.base for c in conflicts}
    theirs = {c.field_group: c.theirs for c in conflicts}
    names = names_in(ours, base, theirs), NOBODY
    authors = authors_of(campaign, here=True)
    groups = []
    for each in conflicts:
        group = each.field_group
        before = seen.get(group)
        groups.append(
            Group(
                group,
                LABELS[group],
                Side(readable(group, each.base, *names)),
                replace(
                    _authored(group, ours, names, authors),
                    moved=before is not None and before.ours != ours[group],
                ),
                Side(
                    readable(group, each.theirs, *names),
                    at=each.seen_at,
                    moved=before is not None and before.conflict_id != each.id,
                ),
                chosen.get(group),
                _fields(form, group),
            )
        )
    drawn = {c.field_group: {"id": c.id, "ours": ours[c.field_group]} for c in conflicts}
    return Weighed(groups, [("intent_key", str(form.key())), ("seen", json.dumps(drawn))])


def clash_page(
    campaign: Campaign,
    mine: CampaignForm,
    form: CampaignForm,
    shown: Snapshot,
    chosen: Mapping[str, str],
    also: Collection[str] = (),
) -> Weighed:
    """What was typed into a form that is out of date, against what is there now.

    ``shown`` is what stood there when this page was drawn before; empty the first time. ``also``
    names groups to be weighed all the same.
    """
    opened, now = mine.opened_groups(), editable(campaign)
    typed = {group: mine.group(group) for group in EDITABLE}
    names = names_in(opened, now, typed), owners_in(opened, now, typed)
    authors = authors_of(campaign)
    conflicts = {c.field_group: c for c in queries.open_conflicts(campaign)}
    groups = []
    # A conflict may have come since the form was opened: theirs was not in view then.
    unseen = {group for group in conflicts if typed[group] != now[group]}
    for group in clashing(opened, typed, now, {*chosen, *also, *unseen}):
        untouched = group in opened and typed[group] == opened[group]
        groups.append(
            Group(
                group,
                LABELS[group],
                Side(readable(group, opened.get(group), *names)),
                Side(readable(group, typed[group], *names)),
                replace(
                    _authored(group, now, names, authors),
                    moved=group in shown and shown[group] != now[group],
                ),
                chosen.get(group, THEIRS if untouched else OURS),
                _fields(form, group),
                note=_note(group, conflicts.get(group), untouched=untouched),
            )
        )
    hidden = [*mine.as_hidden(), ("version", str(campaign.version)), ("shown", json.dumps(now))]
    return Weighed(groups, hidden)


def settled_meanwhile(campaign: Campaign, seen: Mapping[str, Decision]) -> list[str]:
    """A sentence for each field that was in conflict when a page was drawn, and is no more."""
    still = {each.field_group for each in queries.open_conflicts(campaign)}
    ids = [decision.conflict_id for group, decision in seen.items() if group not in still]
    closed = queries.closed_conflicts(campaign, ids) if ids else []
    values = snapshot(campaign)
    names = names_in(values)
    return [
        f"{sentence(LABELS[each.field_group])} was settled meanwhile"
        f"{f' by {each.decided_by}' if each.decided_by else ''}: it is "
        f"{readable(each.field_group, values[each.field_group], names) or 'nothing'} now."
        for each in closed
    ]


def with_errors(
    weighed: Weighed, errors: Mapping[str, str], ticked: str | None, asked: Figures | None = None
) -> Weighed:
    """The same page with a message at these groups, and at the budget the box of a large rise.

    What was ticked already goes along unseen.
    """
    groups = [
        replace(
            each,
            error=errors.get(each.group),
            asked=asked if each.group == "budget" else None,
        )
        for each in weighed.groups
    ]
    hidden = [("budget_tick", ticked)] if ticked and not asked else []
    return replace(weighed, groups=groups, hidden=[*weighed.hidden, *hidden])


def names_in(*snapshots: Mapping[str, Any]) -> Mapping[int, str]:
    return advertisers.names_of(
        [each["advertiser"] for each in snapshots if each.get("advertiser")]
    )


def owners_in(*snapshots: Mapping[str, Any]) -> Mapping[int, str]:
    return operators.emails_of([each.get("owner") for each in snapshots])


def _authored(group: str, values: Snapshot, names: Names, authors: Authors) -> Side:
    event = authors.get(LABELS[group])
    return Side(
        readable(group, values[group], *names),
        event.actor if event else None,
        event.at if event else None,
    )


def _fields(form: CampaignForm, group: str) -> Sequence[Field]:
    return () if group == WITHOUT_THIRD else [form[name] for name in fields_of(group)]


def _note(group: str, conflict: Conflict | None, *, untouched: bool) -> str | None:
    said = ["You had not changed it."] if untouched else []
    if conflict:
        there = readable(group, conflict.theirs, names_in({group: conflict.theirs}))
        said.append(f"It is in conflict with Megaphone too, which has {there or 'nothing'}.")
    return " ".join(said) or None
