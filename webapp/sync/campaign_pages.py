"""Merging one page of listed campaigns: a constant number of statements.

Rows whose content is unchanged cost none.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Table, insert, select, text

from webapp.adservers.types import RemoteCampaign
from webapp.audit.service import Subject, event_rows
from webapp.campaigns.models import CONFIRMED, GONE, IN_FLIGHT, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.sync import conflicts, duplicates, unlisted
from webapp.sync.given_up import sent_of
from webapp.sync.merged_rows import derived, merge_row, settled
from webapp.sync.mirror import UnusableRow, fingerprint, followed_columns, own_columns, theirs
from webapp.sync.page import MEGAPHONE, Collected, PageContext, PageResult

__all__ = ["MEGAPHONE", "PageContext", "PageResult", "merge_page"]


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
    unlisted.take_in([row for row, _ in (*new, *changed)], context)
    _insert(new, in_flight, context, result)
    _update(changed, set(in_flight) - held, context, result)
    if context.run_id is not None:
        result.duplicates = duplicates.report(rows, context)
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
        # keep, then takes a page at once, in a third of the time. The table, not the class: the
        # ORM would look at each row's members once more.
        table = cast("Table", Campaign.__table__)
        created = insert(table).returning(table.c.id, table.c.title)
        listed = db.session.execute(created, rows).all()
        _inform_planner(max(each.id for each in listed))
        _announce([Subject("campaign", each.id, each.title) for each in listed], context)
    result.created += len(rows)


def _announce(new: Sequence[Subject], context: PageContext) -> None:
    """Record that they are new there; of a first reading everything would be."""
    connection = db.session.get_one(Connection, context.connection_id)
    if connection.last_success_at is None:
        return
    out = Collected()
    for subject in sorted(new, key=lambda each: each.id):
        out.events += event_rows(MEGAPHONE, "first listed", subject, at=context.now)
    out.write()


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
        **derived(own, context.directory),
        "uuid": uuid4(),
        "connection_id": context.connection_id,
        "remote_id": remote.id,
        "created_at": context.now,
        "changed_at": remote.updated_at or context.now,
        "version": 1,
        "sync_state": CONFIRMED,
        "synced_at": context.now,
        "base": theirs(own),
        "fingerprint": settled(mark, remote, context.directory),
        "observed": context.observation,
        "missed_runs": 0,
    }


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
        .with_for_update(of=Campaign, key_share=True)
        .execution_options(populate_existing=True)
    )
    campaigns = list(db.session.scalars(query))
    ids = [campaign.id for campaign in campaigns]
    open_conflicts, given_up = conflicts.open_by_campaign(ids), sent_of(ids)
    out = Collected()
    for campaign in campaigns:
        remote, mark = by_remote_id[campaign.remote_id or ""]
        if campaign.id in in_flight or campaign.observed >= context.observation:
            result.unchanged += 1
            continue
        try:
            known = open_conflicts.get(campaign.id, {})
            sent = given_up.get(campaign.id, {})
            merge_row(campaign, remote, mark, known, context, out, sent)
        except UnusableRow as problem:
            result.set_aside.append({"id": remote.id, "reason": str(problem)})
            continue
        result.updated += 1
    out.write()
