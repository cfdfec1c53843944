"""Records of the ad server that somebody names and we do not have yet: read there, and merged.

They are read outside of any transaction, like ``webapp.sync.passing``, and merged in the one in
which they are used: kept with what is done with them, or not at all.
"""

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.adservers.types import RemoteAdvertiser, RemoteCampaign, RemotePage
from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.core.errors import TooLate
from webapp.sync import directory, passing
from webapp.sync.campaign_pages import PageContext, merge_page
from webapp.sync.observations import begin_observation, next_observation
from webapp.sync.passing import BROKEN, Line, Unanswered

T = TypeVar("T")

# 500 rows a page; who has more advertisers than that has pulls to read them.
MOST_PAGES = 20
BEING_BOOKED = "This is just being booked from here. Ask again in a moment."


@dataclass(frozen=True, slots=True)
class Met:
    """What was read there because we do not have it."""

    campaign: RemoteCampaign | None
    advertiser: RemoteAdvertiser | None
    observation: int | None


def read(
    line: Line, campaign_id: str | None, advertiser_id: str | None, *, dry_run: bool = False
) -> Met:
    """Read what has these ids there and is not here. Called outside of any transaction.

    Nothing is kept of it, and for a ``dry_run`` no observation is begun. Raises ``Unanswered``,
    also when there is no such campaign; an advertiser that is not listed there is not met.
    """
    campaign = observation = advertiser = None
    if campaign_id and not _is_here(Campaign, line, campaign_id):
        observation = None if dry_run else begin_observation(line.connection_id)
        campaign = passing.ask(line, lambda remote: remote.get_campaign(campaign_id))
    if advertiser_id and not _is_here(Advertiser, line, advertiser_id):
        advertiser = _listed(line, advertiser_id)
    return Met(campaign, advertiser, observation)


def take_in(line: Line, met: Met) -> None:
    """Merge what was met, in the caller's transaction. Raises ``Unanswered`` for what is no use."""
    if met.campaign:
        observation = met.observation or next_observation(line.connection_id)
        known_names = directory.load_directory(line.connection_id)
        context = PageContext(line.connection_id, observation, known_names, utc_now())
        merged = merge_page([met.campaign], context)
        if merged.set_aside:
            raise Unanswered(f"It cannot be used. {merged.set_aside[0]['reason']}", BROKEN)
    if met.advertiser:
        directory.merge_advertisers([met.advertiser], line.connection_id, utc_now())


def campaign_uuid(line: Line, remote_id: str) -> str:
    """Our campaign of a remote record that was taken in, in the caller's transaction.

    Raises ``TooLate`` while it is ours and its booking has not been answered yet.
    """
    found = db.session.scalar(_of(Campaign.uuid, Campaign, line, remote_id))
    if found is None:
        raise TooLate(BEING_BOOKED)
    return str(found)


def advertiser_id(line: Line, remote_id: str) -> int | None:
    """Our advertiser of this remote id, in the caller's transaction."""
    return db.session.scalar(_of(Advertiser.id, Advertiser, line, remote_id))


def _listed(line: Line, remote_id: str) -> RemoteAdvertiser | None:
    """The advertiser as the list there has it, which is read until it has been met."""
    cursor = None
    for _ in range(MOST_PAGES):
        page = _advertisers(line, cursor)
        found = next((each for each in page.items if each.id == remote_id), None)
        cursor = page.next_cursor
        if found or cursor is None or not page.rows:
            return found
    return None


def _advertisers(line: Line, cursor: str | None) -> RemotePage[RemoteAdvertiser]:
    return passing.ask(line, lambda remote: remote.list_advertisers(cursor))


def _is_here(model: type[Campaign] | type[Advertiser], line: Line, remote_id: str) -> bool:
    with reading():
        found = db.session.scalar(_of(model.id, model, line, remote_id))
        db.session.rollback()
    return found is not None


def _of(
    column: InstrumentedAttribute[T],
    model: type[Campaign] | type[Advertiser],
    line: Line,
    remote_id: str,
) -> Select[T]:
    return select(column).where(
        model.connection_id == line.connection_id, model.remote_id == remote_id
    )
