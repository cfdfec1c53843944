"""Checking a connection: whether it answers, and what it can be trusted with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from webapp.adservers.base import AdServer
from webapp.adservers.errors import (
    AdServerError,
    AuthFailed,
    ContractChanged,
    NotFound,
    PermissionDenied,
    Unsupported,
)
from webapp.adservers.types import Priority
from webapp.audit.service import Actor
from webapp.campaigns.models import Campaign
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.errors import DomainError
from webapp.core.ratelimit import RateLimiter
from webapp.sync import breaker
from webapp.sync.observations import leave_database
from webapp.sync.remote import RequestCount, open_remote
from webapp.sync.request_log import Caller

HOPELESS = (AuthFailed, PermissionDenied, ContractChanged, Unsupported)


class CheckFailed(DomainError):
    """The connection does not answer as it should; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A campaign booked from here: it shows whether the ad server kept its marker."""

    remote_id: str
    marker: str


def check_connection(
    actor: Actor, connection_id: int, settings: Settings, limiter: RateLimiter
) -> dict[str, Any]:
    """Ask the ad server now, by a few small reads, and keep what was found.

    Commits by itself, and is called outside of any transaction. A connection that was paused and
    answers goes on; one whose trouble only a person can end is paused. Raises ``CheckFailed``.
    """
    with reading():
        platform = db.session.get_one(Connection, connection_id).platform
        samples = _samples(connection_id)
        db.session.rollback()
    requests = RequestCount(Caller(connection_id))
    leave_database()
    try:
        # Somebody waits for it.
        with open_remote(platform, settings, limiter, Priority.PUSH, requests) as remote:
            found, mode = _ask(remote, samples)
    except AdServerError as error:
        _failed(actor, connection_id, error)
        raise CheckFailed(error.message) from None
    with transaction():
        connection = db.session.get_one(Connection, connection_id)
        connections.record_check(actor, connection, found, mode)
        connections.resume(actor, connection)
        breaker.succeeded(connection_id)
    return found


def _samples(connection_id: int) -> list[Sample]:
    """The last, the first and a middle campaign that were booked under a marker and are bound.

    The external id of any single one may have been changed in the ad server since.
    """
    booked = (
        Campaign.connection_id == connection_id,
        Campaign.marker.is_not(None),
        Campaign.remote_id.is_not(None),
    )
    number = db.session.scalar(select(func.count(Campaign.id)).where(*booked)) or 0
    places = dict.fromkeys((number - 1, 0, number // 2)) if number else {}
    query = select(Campaign.remote_id, Campaign.marker).where(*booked).order_by(Campaign.id)
    rows = [db.session.execute(query.offset(place).limit(1)).one() for place in places]
    return [Sample(row.remote_id, row.marker) for row in rows]


def _ask(remote: AdServer, samples: Sequence[Sample]) -> tuple[dict[str, Any], str | None]:
    """What was found, and the marker mode where there is proof of one."""
    seen = remote.check()
    capabilities = asdict(remote.capabilities)
    # Asked one after the other: the first that has it is proof enough.
    proof = any(_keeps_marker(remote, sample) for sample in samples) if samples else None
    found = capabilities | {
        # JSON knows no sets.
        **{name: sorted(v) for name, v in capabilities.items() if isinstance(v, frozenset)},
        "advertisers": seen.advertisers,
        "campaigns": seen.campaigns,
        "looked_at": seen.looked_at,
        "unreadable": list(seen.unreadable),
        "marker_seen": proof,
    }
    return found, str(remote.capabilities.marker) if proof else None


def _keeps_marker(remote: AdServer, sample: Sample) -> bool:
    """Whether a campaign still has the marker it was booked with.

    Without it nothing is known: somebody may have changed the external id since.
    """
    try:
        return remote.get_campaign(sample.remote_id).external_id == sample.marker
    except NotFound:
        return False


def _failed(actor: Actor, connection_id: int, error: AdServerError) -> None:
    with transaction():
        connection = connections.locked(connection_id)
        if isinstance(error, HOPELESS):
            connections.pause(actor, connection, error.message, error.code)
        breaker.heard(connection_id, error, utc_now())
