"""Undoing a bulk job: a draft that says of each campaign how, or why not; and doing it.

Three groups: what was not sent yet is taken back and Megaphone never hears of it, what was sent
goes out as a new change, and what cannot be undone says why.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from webapp.audit.service import Actor
from webapp.bulk import queries, verbs
from webapp.bulk.models import DONE, UNDER_WAY, UNDO, BulkItem, BulkJob
from webapp.bulk.planning import values_of
from webapp.bulk.service import Planned, draft
from webapp.bulk.warnings import conflict_problem
from webapp.bulk.words import name_of
from webapp.campaigns import many, many_undo
from webapp.campaigns import queries as campaigns
from webapp.campaigns import undo as undo_verbs
from webapp.campaigns.fields import GROUPS, LABELS
from webapp.campaigns.many_undo import Restoring
from webapp.campaigns.models import IN_FLIGHT, NOT_SENT, Campaign, Change
from webapp.core.db import db
from webapp.core.errors import StaleEdit, TooLate

TAKEN_BACK = "Not sent: it is taken back, and Megaphone never hears of it."
SENT_ANEW = "Sent, or on its way: it goes to Megaphone as a new change."
LOCAL = "Here only: Megaphone was never told of it."
WAYS = (TAKEN_BACK, SENT_ANEW, LOCAL)
STILL_GOING = "It is still going on. Pause or stop it first."
NOTHING_DONE = "Nothing was changed by it, so there is nothing to undo."
NO_UNDO_OF_UNDO = "An undo is not undone itself: do the first change again."
CHANGED_SINCE = "Changed since in {}: undo it on its own page, with both values in view."
RESTORED = "It is as it was before."


def draft_undo(actor: Actor, job: BulkJob) -> BulkJob:
    """A draft that undoes what the job has done. Raises ``TooLate`` where there is nothing to."""
    if job.state in UNDER_WAY:
        raise TooLate(STILL_GOING)
    if job.kind == UNDO:
        raise TooLate(NO_UNDO_OF_UNDO)
    done = queries.items_of(job, DONE)
    if not done:
        raise TooLate(NOTHING_DONE)
    facts = queries.facts(job, BulkItem.state == DONE)
    in_conflict, sending = queries.conflicts(job), _sending(job)
    items = [_planned(item, facts[item.campaign_id or 0], in_conflict, sending) for item in done]
    return draft(
        actor,
        UNDO,
        items,
        selection=f"What was done by: {name_of(job)}",
        operation={"name": "undo", "words": f"Undo “{(job.operation or {}).get('words')}”"},
        list_arguments=job.list_arguments,
        undoes_id=job.id,
    )


def _planned(
    item: BulkItem, facts: Any, in_conflict: Mapping[int, set[str]], sending: Mapping[int, set[str]]
) -> Planned:
    states = sending.get(facts.id, set())
    line = item.line
    if item.before is None:
        if states & set(IN_FLIGHT) or not states & set(NOT_SENT):
            return Planned(facts.id, facts.version, line=line, problem=undo_verbs.BOOKED)
        wanted: dict[str, Any] = {"booked": False}
        before: dict[str, Any] = {"booked": True}
        return Planned(facts.id, facts.version, wanted, before, line, [TAKEN_BACK])
    now = values_of(facts, item.before)
    left = {group: value for group, value in item.before.items() if now[group] != value}
    problem = _problem(left, now, item.wanted or {}, in_conflict.get(facts.id, set()))
    if problem or not left:
        problem = problem or RESTORED
        return Planned(facts.id, facts.version, line=line, problem=problem)
    current = {group: now[group] for group in left}
    return Planned(facts.id, facts.version, left, current, line, [_way(left, states)])


def _problem(
    left: Mapping[str, Any],
    now: Mapping[str, Any],
    wanted: Mapping[str, Any],
    in_conflict: Collection[str],
) -> str | None:
    moved = [LABELS.get(group, group) for group in left if now[group] != wanted.get(group)]
    if moved:
        return CHANGED_SINCE.format(", ".join(moved))
    if "advertiser" in left and left["advertiser"] is None:
        return undo_verbs.NO_ADVERTISER
    return conflict_problem(left, in_conflict)


def _way(left: Collection[str], states: set[str]) -> str:
    if not set(left) & set(GROUPS):
        return LOCAL
    is_waiting = states & set(NOT_SENT) and not states & set(IN_FLIGHT)
    return TAKEN_BACK if is_waiting else SENT_ANEW


def _sending(job: BulkJob) -> Mapping[int, set[str]]:
    """States of the unfinished changes of the job's campaigns, by campaign."""
    query = (
        select(Change.campaign_id, Change.state)
        .join(BulkItem, BulkItem.campaign_id == Change.campaign_id)
        .where(BulkItem.job_id == job.id, Change.state.in_((*NOT_SENT, *IN_FLIGHT)))
    )
    return queries.by_campaign(query)


def undone_items(job: BulkJob, campaign_ids: Sequence[int]) -> Mapping[int, BulkItem]:
    """The items that these of an undo job undo, by campaign."""
    query = select(BulkItem).where(
        BulkItem.job_id == job.undoes_id, BulkItem.campaign_id.in_(campaign_ids)
    )
    return {item.campaign_id or 0: item for item in db.session.scalars(query)}


def is_local(wanted: Collection[str]) -> bool:
    """Whether no ad server is told of any of it, and nothing waits to be sent for it."""
    return verbs.is_local(wanted) and "booked" not in wanted


def in_words(done: Mapping[int, verbs.Outcome]) -> dict[int, verbs.Outcome]:
    """What came of items that are local, by item."""
    return {id_: (state, LOCAL if state == DONE else said) for id_, (state, said) in done.items()}


def send_anew(
    actor: Actor,
    items: Sequence[BulkItem],
    undone: Mapping[int, BulkItem],
    found: Mapping[int, Campaign],
    batch: UUID,
) -> dict[int, verbs.Outcome]:
    """Undo together what had arrived and is at rest since; the other items are left as they are.

    ``undone`` and ``found`` are what the items undo and their campaigns, by campaign.
    """
    originals = campaigns.changes_by_key(original.key for original in undone.values())
    at_rest = many.plain(list(found.values()))
    wishes: dict[int, Restoring] = {}
    for item in items:
        campaign = found.get(item.campaign_id or 0)
        original = undone.get(item.campaign_id or 0)
        change = originals.get(original.key) if original else None
        if not campaign or not change or campaign.version != item.version:
            continue
        wish = Restoring(campaign, change, list(item.wanted or {}), item.key)
        # With nothing that waits, which would have to shrink instead.
        if at_rest.get(campaign.id) == frozenset() and many_undo.is_simple(wish):
            wishes[item.id] = wish
    many_undo.restore(actor, list(wishes.values()), batch)
    return dict.fromkeys(wishes, (DONE, SENT_ANEW))


def undo(actor: Actor, item: BulkItem, original: BulkItem, campaign: Campaign, batch: UUID) -> str:
    """Undo what ``original`` has done, and say how. Raises like the verbs."""
    if campaign.version != item.version:
        raise StaleEdit({})
    wanted = item.wanted or {}
    change = campaigns.change_by_key(original.key)
    sent = [group for group in wanted if group in GROUPS]
    if change and "booked" in wanted:
        undo_verbs.undo(actor, change, campaign.version, [], item.key)
        return TAKEN_BACK
    if change and sent:
        undo_verbs.undo(actor, change, campaign.version, sent, item.key, batch=batch)
        wanted = {group: value for group, value in wanted.items() if group not in sent}
    # A key of its own: it is another wish than the one above.
    verbs.edit(actor, campaign, wanted, uuid5(item.key, "rest"), batch)
    verbs.file_away(actor, campaign, wanted)
    if not sent:
        return LOCAL
    is_sent = campaigns.change_by_key(item.key) is not None
    return SENT_ANEW if is_sent else TAKEN_BACK
