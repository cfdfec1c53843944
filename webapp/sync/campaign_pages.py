"""Merging one page of listed campaigns: a constant number of statements.

Rows whose content is unchanged cost none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, text, update

from webapp.adservers.types import RemoteCampaign
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor, Subject, event_rows
from webapp.campaigns.fields import LABELS, columns_of, field_changes, snapshot
from webapp.campaigns.keys import derived_columns
from webapp.campaigns.models import (
    CONFIRMED,
    CONFLICT,
    GONE,
    IN_FLIGHT,
    PARKED,
    REFUSED,
    WAITING,
    Campaign,
    Change,
    Conflict,
)
from webapp.core.db import db
from webapp.sync import conflicts, outbox
from webapp.sync.conflicts import AGREED
from webapp.sync.merge import merge, still_to_send
from webapp.sync.mirror import UnusableRow, fingerprint, followed_columns, own_columns, theirs

MEGAPHONE = Actor(label="Megaphone", source="sync")
# Else rows are sent in as many statements as their empty columns alternate.
IN_ONE = {"render_nulls": True}


@dataclass
class PageResult:
    """Counts of one page; they add up to the rows read."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    set_aside: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Directory:
    """Our advertisers of a connection: id by remote id, name by id."""

    ids: Mapping[str, int]
    names: Mapping[int, str]

    def name(self, advertiser_id: int | None) -> str | None:
        return self.names.get(advertiser_id) if advertiser_id is not None else None


@dataclass(frozen=True)
class PageContext:
    """What every row of a page is merged with."""

    connection_id: int
    observation: int
    directory: Directory
    now: datetime


def merge_page(
    rows: Sequence[RemoteCampaign], context: PageContext, held: frozenset[int] = frozenset()
) -> PageResult:
    """Merge listed campaigns into ours, in the caller's transaction.

    ``held`` are campaigns whose change is in flight and that the caller may merge all the same.
    """
    result = PageResult()
    # Asked before what is known: a create that ends in between is then in one of the two.
    in_flight = _in_flight(context.connection_id)
    known = _known([row.id for row in rows], context.connection_id)
    new, changed = [], []
    for row in rows:
        mark = fingerprint(row.raw)
        ours = known.get(row.id)
        if ours is None:
            new.append((row, mark))
        elif ours.observed < context.observation and (
            ours.fingerprint != mark or ours.missed_runs or ours.sync_state == GONE
        ):
            changed.append((row, mark))
        else:
            result.unchanged += 1
    _insert(new, in_flight, context, result)
    _update(changed, set(in_flight) - held, context, result)
    return result


def _known(remote_ids: list[str], connection_id: int) -> dict[str, Any]:
    query = select(
        Campaign.remote_id,
        Campaign.fingerprint,
        Campaign.observed,
        Campaign.missed_runs,
        Campaign.sync_state,
    ).where(Campaign.connection_id == connection_id, Campaign.remote_id.in_(remote_ids))
    return {row.remote_id: row for row in db.session.execute(query)}


def _in_flight(connection_id: int) -> dict[int, str | None]:
    """Campaigns with a change in flight, and the external id by which a create is recognised.

    That is the one that was sent: the campaign's own may have been edited since.
    """
    query = (
        select(Change.campaign_id, Change.sent_payload, Campaign.remote_id)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(Change.connection_id == connection_id, Change.state.in_(IN_FLIGHT))
    )
    return {
        row.campaign_id: (row.sent_payload or {}).get("external_id")
        if row.remote_id is None
        else None
        for row in db.session.execute(query)
    }


def _insert(
    new: Sequence[tuple[RemoteCampaign, str]],
    in_flight: Mapping[int, str | None],
    context: PageContext,
    result: PageResult,
) -> None:
    # A create whose answer is on its way may be listed already: it will bind itself to that row.
    expected = {external_id for external_id in in_flight.values() if external_id}
    rows = []
    for remote, mark in new:
        if remote.external_id in expected:
            result.unchanged += 1
            continue
        try:
            rows.append(_new_row(remote, mark, context))
        except UnusableRow as problem:
            result.set_aside.append({"id": remote.id, "reason": str(problem)})
    if rows:
        # Returning makes it one statement of many rows, not many: the search index, which triggers
        # keep, then takes a page at once, in a third of the time.
        created = insert(Campaign).returning(Campaign.id).execution_options(**IN_ONE)
        _inform_planner(max(db.session.scalars(created, rows)))
    result.created += len(rows)


def _inform_planner(newest_id: int) -> None:
    """Let PostgreSQL look at a table that has doubled since it last did.

    Left to itself it does so once a minute. Until then it takes the table for nearly empty, and
    reads all of it to find the rows of each page.
    """
    if db.engine.dialect.name != "postgresql":
        return
    known = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass('campaign')")
    if newest_id > 2 * (db.session.scalar(known) or 0):
        db.session.execute(text("ANALYZE campaign"))


def _new_row(remote: RemoteCampaign, mark: str, context: PageContext) -> dict[str, Any]:
    advertiser_id = context.directory.ids.get(remote.advertiser_id or "")
    own = own_columns(remote, advertiser_id)
    return {
        **own,
        **followed_columns(remote),
        **_derived(own, context.directory),
        "uuid": uuid4(),
        "connection_id": context.connection_id,
        "remote_id": remote.id,
        "created_at": context.now,
        "changed_at": remote.updated_at or context.now,
        "version": 1,
        "sync_state": CONFIRMED,
        "synced_at": context.now,
        "base": theirs(own),
        "fingerprint": _settled(mark, remote, advertiser_id),
        "observed": context.observation,
        "missed_runs": 0,
    }


def _settled(mark: str, remote: RemoteCampaign, advertiser_id: int | None) -> str:
    """The fingerprint to keep: none while the advertiser is not known yet, to look again."""
    return "" if remote.advertiser_id and advertiser_id is None else mark


def _derived(own: Mapping[str, Any], directory: Directory) -> dict[str, str]:
    return derived_columns(
        own["title"],
        own["external_id"],
        directory.name(own["advertiser_id"]),
        own["total_budget_minor"],
        own["total_budget_currency"],
    )


def _update(
    changed: Sequence[tuple[RemoteCampaign, str]],
    in_flight: set[int],
    context: PageContext,
    result: PageResult,
) -> None:
    if not changed:
        return
    by_remote_id = {row.id: (row, mark) for row, mark in changed}
    # In the order of ids, so that two writers never wait for each other.
    query = (
        select(Campaign)
        .where(
            Campaign.connection_id == context.connection_id,
            Campaign.remote_id.in_(by_remote_id),
        )
        .order_by(Campaign.id)
        .with_for_update(of=Campaign)
        .execution_options(populate_existing=True)
    )
    campaigns = list(db.session.scalars(query))
    open_conflicts = conflicts.open_by_campaign(c.id for c in campaigns)
    updates: list[dict[str, Any]] = []
    events: list[dict[str, object]] = []
    freed: list[dict[str, Any]] = []
    for campaign in campaigns:
        remote, mark = by_remote_id[campaign.remote_id or ""]
        if campaign.id in in_flight or campaign.observed >= context.observation:
            result.unchanged += 1
            continue
        try:
            row = _merged_row(
                campaign, remote, mark, open_conflicts.get(campaign.id, {}), context, events
            )
        except UnusableRow as problem:
            result.set_aside.append({"id": remote.id, "reason": str(problem)})
            continue
        updates.append(row)
        freed += _freed_change(row, open_conflicts.get(campaign.id, {}), context)
        result.updated += 1
    if updates:
        db.session.execute(update(Campaign), updates)
    if freed:
        db.session.execute(insert(Change), freed)
    if events:
        db.session.execute(insert(AuditEvent).execution_options(**IN_ONE), events)


def _merged_row(
    campaign: Campaign,
    remote: RemoteCampaign,
    mark: str,
    known_conflicts: Mapping[str, Conflict],
    context: PageContext,
    events: list[dict[str, object]],
) -> dict[str, Any]:
    """The campaign's new columns. Appends to ``events`` what the timeline should say."""
    advertiser_id = context.directory.ids.get(remote.advertiser_id or "")
    their_groups = theirs(own_columns(remote, advertiser_id))
    ours = snapshot(campaign)
    merged = merge(campaign.base, ours, their_groups)
    fresh = conflicts.apply(
        campaign.id, merged, campaign.base, known_conflicts, context.observation, context.now
    )
    own = {key: getattr(campaign, key) for key in own_columns(remote, advertiser_id)}
    for group, value in merged.take.items():
        own |= columns_of(group, value)
    subject = Subject("campaign", campaign.id, own["title"])
    for action, groups in (("changed", list(merged.take)), ("conflict", fresh)):
        if groups:
            fields = field_changes(groups, ours, their_groups, context.directory.names)
            events += event_rows(MEGAPHONE, action, subject, fields, at=context.now)
    if campaign.sync_state == GONE:
        events += event_rows(MEGAPHONE, "came back", subject, at=context.now)
    agreed = merged.base == ours | merged.take
    state, detail = _sync_state(campaign, list(merged.conflicts), agreed=agreed)
    return {
        "id": campaign.id,
        **own,
        **followed_columns(remote),
        **_derived(own, context.directory),
        "changed_at": max(campaign.changed_at, remote.updated_at or context.now),
        # A form drawn before must not decide a conflict that it did not show.
        "version": campaign.version + bool(merged.take or fresh),
        "sync_state": state,
        "sync_detail": detail,
        "synced_at": context.now,
        "base": merged.base,
        "fingerprint": _settled(mark, remote, advertiser_id),
        "observed": context.observation,
        "missed_runs": 0,
    }


def _freed_change(
    row: Mapping[str, Any], conflicts_before: Mapping[str, Conflict], context: PageContext
) -> list[dict[str, Any]]:
    """A change that sends what an ended conflict held back, when it did not end in agreement."""
    in_conflict = {group for group, c in conflicts_before.items() if c.decision != AGREED}
    unsent = still_to_send(row["base"], theirs(row), in_conflict)
    if len(in_conflict) == len(conflicts_before) or not unsent:
        return []
    return [outbox.new_update(row["id"], context.connection_id, list(unsent), context.now)]


def _sync_state(
    campaign: Campaign, in_conflict: list[str], *, agreed: bool
) -> tuple[str, str | None]:
    if in_conflict:
        return CONFLICT, ", ".join(LABELS[group] for group in in_conflict)
    if campaign.sync_state == CONFLICT:
        return CONFIRMED if agreed else WAITING, None
    if agreed and campaign.sync_state in (GONE, REFUSED, PARKED):
        return CONFIRMED, None
    return campaign.sync_state, campaign.sync_detail
