"""Advertisers that a campaign names and no list has: kept by what the campaign says of them.

That is less than a full record, so it only ever adds one, and the full record replaces it. Who is
first adds it; another that comes at the same moment waits for it, so a transaction that holds a
campaign must have done this before.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from webapp.adservers.types import RemoteAdvertiser, RemoteCampaign
from webapp.advertisers.models import KEY_LENGTH, Advertiser
from webapp.core.db import db
from webapp.core.text import fold
from webapp.sync import directory
from webapp.sync.mirror import fingerprint
from webapp.sync.page import PageContext


def take_in(rows: Sequence[RemoteCampaign], context: PageContext) -> None:
    """Add the advertisers of these campaigns that are not known, to the directory as well."""
    known = context.directory
    found = {
        row.advertiser.id: row.advertiser
        for row in rows
        if row.advertiser and row.advertiser.id not in known.ids
    }
    if not found:
        return
    _add(list(found.values()), context.connection_id, context.now)
    query = select(Advertiser.remote_id, Advertiser.id, Advertiser.name).where(
        Advertiser.connection_id == context.connection_id, Advertiser.remote_id.in_(found)
    )
    for row in db.session.execute(query):
        known.ids[row.remote_id] = row.id
        known.names[row.id] = row.name


def take_in_first(row: RemoteCampaign, connection_id: int, now: datetime) -> None:
    """The same for one campaign, by a transaction that is about to lock it and to merge it."""
    if row.advertiser is None:
        return
    query = select(Advertiser.id).where(
        Advertiser.connection_id == connection_id, Advertiser.remote_id == row.advertiser.id
    )
    if db.session.scalar(query) is None:
        _add([row.advertiser], connection_id, now)


def _add(found: Sequence[RemoteAdvertiser], connection_id: int, now: datetime) -> None:
    agencies = directory.agency_ids(found, connection_id, now)
    rows = [
        {
            "connection_id": connection_id,
            "remote_id": each.id,
            "name": each.name,
            "name_key": fold(each.name)[:KEY_LENGTH],
            "agency_id": agencies.get(each.agency_id or ""),
            "fingerprint": fingerprint(each.raw),
            "synced_at": now,
        }
        for each in found
    ]
    directory.add(Advertiser, rows)
