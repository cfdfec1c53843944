"""Who changes what was changed meanwhile sees what it was, what it is, and what was sent."""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from webapp.advertisers.models import Advertiser
from webapp.api import campaigns
from webapp.api.etags import Seen
from webapp.api.serialize import Json
from webapp.audit import queries as audit
from webapp.auth import queries as operators
from webapp.campaigns.fields import (
    EDITABLE,
    LABELS,
    CampaignValues,
    Snapshot,
    changed_groups,
    editable,
)
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.money import minor_digits
from webapp.web.problems import Problem

ARCHIVED = "archived"
ALL = (*EDITABLE, ARCHIVED)
# What an event of the timeline says of the time before it.
UNTIL_THEN = {"archived": "active", "unarchived": ARCHIVED}
# The text of the timeline that stands for true.
YES = {"copy_needed": "Needed", ARCHIVED: ARCHIVED}
WORDS = "The campaign was changed since you read it. Nothing was saved."


def check(
    campaign: Campaign,
    values: CampaignValues,
    seen: Sequence[Seen] | None,
    named: Collection[str] = (),
) -> None:
    """Raises ``Problem`` when the script had read another version than the one that is there.

    Not where all that it sends is there already: a change that was sent twice does no harm.
    ``named`` are the groups that it sends.
    """
    _compare(campaign, editable(values) | _archived(campaign), seen, named)


def check_archive(campaign: Campaign, archived: bool, seen: Sequence[Seen] | None) -> None:
    """The same for archiving a campaign, or bringing it back."""
    _compare(campaign, editable(campaign) | {ARCHIVED: archived}, seen)


def check_act(campaign: Campaign, act: Callable[[], None], seen: Sequence[Seen] | None) -> None:
    """Do what only the service knows the outcome of, unless the script had read another version.

    Then it is tried and taken back: what it would have changed is the difference.
    """
    if seen is not None and not _is_current(campaign, seen):
        trial = db.session.begin_nested()
        act()
        wanted = editable(campaign) | _archived(campaign)
        trial.rollback()
        db.session.expire_all()
        _compare(campaign, wanted, seen)
    act()


def _compare(
    campaign: Campaign,
    wanted: Snapshot,
    seen: Sequence[Seen] | None,
    named: Collection[str] = (),
) -> None:
    if seen is None or _is_current(campaign, seen):
        return
    now = editable(campaign) | _archived(campaign)
    groups = changed_groups(now, wanted, ALL)
    if not groups:
        return
    known = _before(campaign, seen)
    others = [group for group in known or () if group not in (*groups, *named)]
    emails = operators.emails_of([now["owner"], wanted["owner"]])
    changes: list[Json] = []
    for group in (each for each in ALL if each in groups or each in others):
        theirs = _members(group, now[group], emails)
        base = None
        if known is not None:
            base = _read(campaign, group, known[group]) if group in known else theirs
        # What the script says nothing of is to stay as it had read it.
        yours = base or dict.fromkeys(theirs)
        if group in groups:
            yours = _members(group, wanted[group], emails)
        changes += _differences(theirs, yours, base)
    raise _meanwhile(campaign, changes)


def _archived(campaign: Campaign) -> Snapshot:
    return {ARCHIVED: campaign.archived_at is not None}


def _is_current(campaign: Campaign, seen: Sequence[Seen]) -> bool:
    return any(each.version == campaign.version for each in seen)


def _meanwhile(campaign: Campaign, changes: Sequence[Json]) -> Problem:
    _, etag = campaigns.read(str(campaign.uuid))
    return Problem(
        "changed_meanwhile",
        WORDS,
        headers={"ETag": f'"{etag}"'},
        version=campaign.version,
        changes=changes,
    )


def _differences(theirs: Json, yours: Json, base: Json | None) -> list[Json]:
    return [
        {
            "field": member,
            "base": None if base is None else base[member],
            "base_known": base is not None,
            "theirs": theirs[member],
            "yours": yours[member],
        }
        for member in yours
        if yours[member] != theirs[member]
    ]


def _before(campaign: Campaign, seen: Sequence[Seen]) -> Mapping[str, str | None] | None:
    """What the timeline says that groups were when the script read them, if they changed since."""
    event_id = max((each.event_id for each in seen if each.event_id is not None), default=None)
    if event_id is None:
        return None
    group_of = {label: group for group, label in LABELS.items()}
    found: dict[str, str | None] = {}
    for event in audit.events_after("campaign", campaign.id, event_id):
        if event.field in group_of:
            found.setdefault(group_of[event.field], event.before)
        elif event.action in UNTIL_THEN:
            found.setdefault(ARCHIVED, UNTIL_THEN[event.action])
    return found


def _members(group: str, value: Any, emails: Mapping[int, str]) -> Json:
    """A group's value as the members that scripts send."""
    if group == "budget":
        minor, currency = value or (None, None)
        return {"total_budget_cents": minor, "total_budget_currency": currency}
    if group == "advertiser":
        return {"advertiser_id": None if value is None else str(value)}
    return {group: emails.get(value) if group == "owner" else value}


def _read(campaign: Campaign, group: str, text: str | None) -> Json | None:
    """The same of a text of the timeline; ``None`` where it does not say which it was."""
    if text is None:
        return _members(group, None, {})
    if group == "budget":
        currency, _, amount = text.rpartition(" ")
        minor = Decimal(amount.replace(",", "")).scaleb(minor_digits(currency or "USD"))
        return {"total_budget_cents": int(minor), "total_budget_currency": currency or None}
    if group == "advertiser":
        same = Advertiser.connection_id == campaign.connection_id, Advertiser.name == text
        ids = db.session.scalars(select(Advertiser.id).where(*same).limit(2)).all()
        return {"advertiser_id": str(ids[0])} if len(ids) == 1 else None
    if group in YES:
        return {group: text == YES[group]}
    return {group: text}
