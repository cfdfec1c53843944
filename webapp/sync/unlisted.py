"""Advertisers that a campaign names and no list has: kept by what the campaign says of them.

That is less than a full record, so it only ever adds one, and the full record replaces it.
"""

from collections.abc import Sequence

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
    _add(list(found.values()), context)
    query = select(Advertiser.remote_id, Advertiser.id, Advertiser.name).where(
        Advertiser.connection_id == context.connection_id, Advertiser.remote_id.in_(found)
    )
    for row in db.session.execute(query):
        known.ids[row.remote_id] = row.id
        known.names[row.id] = row.name


def _add(found: Sequence[RemoteAdvertiser], context: PageContext) -> None:
    agencies = directory.agency_ids(found, context.connection_id, context.now)
    rows = [
        {
            "connection_id": context.connection_id,
            "remote_id": each.id,
            "name": each.name,
            "name_key": fold(each.name)[:KEY_LENGTH],
            "agency_id": agencies.get(each.agency_id or ""),
            "fingerprint": fingerprint(each.raw),
            "synced_at": context.now,
        }
        for each in found
    ]
    directory.add(Advertiser, rows)
