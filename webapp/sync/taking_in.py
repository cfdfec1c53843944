"""Records of the ad server that somebody names and we do not have yet: read there, and merged.

Called outside of any transaction, like ``webapp.sync.passing``.
"""

from sqlalchemy import select

from webapp.adservers.types import RemoteAdvertiser, RemotePage
from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction
from webapp.core.errors import TooLate
from webapp.sync import directory, passing
from webapp.sync.campaign_pages import PageContext, merge_page
from webapp.sync.observations import begin_observation
from webapp.sync.passing import BROKEN, Line, Unanswered

# 500 rows a page; who has more advertisers than that has pulls to read them.
MOST_PAGES = 20
BEING_BOOKED = "This is just being booked from here. Ask again in a moment."


def campaign_uuid(line: Line, remote_id: str) -> str:
    """Our campaign of this remote record. One that we do not have is read, and taken in.

    Raises ``Unanswered``, also when there is no such record, and ``TooLate`` while it is ours and
    its booking has not been answered yet.
    """
    known = _uuid_of(line, remote_id)
    if known is not None:
        return known
    observation = begin_observation(line.connection_id)
    found = passing.ask(line, lambda remote: remote.get_campaign(remote_id))
    with transaction():
        known_names = directory.load_directory(line.connection_id)
        context = PageContext(line.connection_id, observation, known_names, utc_now())
        merged = merge_page([found], context)
    if merged.set_aside:
        raise Unanswered(f"It cannot be used. {merged.set_aside[0]['reason']}", BROKEN)
    taken = _uuid_of(line, remote_id)
    if taken is None:
        raise TooLate(BEING_BOOKED)
    return taken


def advertiser_id(line: Line, remote_id: str) -> int | None:
    """Our advertiser of this remote id; the list there is read until it has been met.

    ``None`` when the ad server lists no such advertiser. Raises ``Unanswered``.
    """
    cursor = None
    for _ in range(MOST_PAGES):
        known = _advertiser_of(line, remote_id)
        if known is not None:
            return known
        page = _advertisers(line, cursor)
        with transaction():
            directory.merge_advertisers(page.items, line.connection_id, utc_now())
        cursor = page.next_cursor
        if cursor is None or not page.rows:
            break
    return _advertiser_of(line, remote_id)


def _advertisers(line: Line, cursor: str | None) -> RemotePage[RemoteAdvertiser]:
    return passing.ask(line, lambda remote: remote.list_advertisers(cursor))


def _uuid_of(line: Line, remote_id: str) -> str | None:
    query = select(Campaign.uuid).where(
        Campaign.connection_id == line.connection_id, Campaign.remote_id == remote_id
    )
    with reading():
        found = db.session.scalar(query)
        db.session.rollback()
    return str(found) if found else None


def _advertiser_of(line: Line, remote_id: str) -> int | None:
    query = select(Advertiser.id).where(
        Advertiser.connection_id == line.connection_id, Advertiser.remote_id == remote_id
    )
    with reading():
        found = db.session.scalar(query)
        db.session.rollback()
    return found
