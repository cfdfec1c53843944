"""Sending one change: read what is there, merge, mark as sent, send, record.

No transaction is open during a remote call, and nothing is sent without a committed mark that says
what. An answer that is lost is *unknown*, not failed: ``webapp.sync.probe`` finds out.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from webapp.adservers.base import AdServer
from webapp.adservers.errors import (
    AdServerError,
    AuthFailed,
    ContractChanged,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
)
from webapp.adservers.types import CampaignSpec, RemoteCampaign
from webapp.campaigns.models import CHECKING, CLAIMED, CREATE, READY, SENT, SETTLING, WAITING
from webapp.core.clock import Clock, utc_now
from webapp.core.db import transaction
from webapp.sync import outbox, results
from webapp.sync.observations import begin_observation, leave_database
from webapp.sync.outbox import Claim
from webapp.sync.payload import Outgoing, prepare

# An ad server that is away for hours is nobody's decision to make; a day of it is.
GIVE_UP_AFTER = timedelta(hours=24)
BACK_OFF_SECONDS = 2.0
LONGEST_BACK_OFF_SECONDS = 900.0
MOST_DOUBLINGS = 10
# A mark older than this is not followed by a write: what was read before it may be stale.
MARK_TO_SOCKET_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Push:
    """What sending works with."""

    remote: AdServer
    clock: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = field(default=random.uniform)


def send(push: Push, claim: Claim) -> None:
    """Carry a claimed change as far as it goes. Raises ``LeaseLost``."""
    try:
        seen = _read_first(push, claim)
    except AdServerError as error:
        _not_sent(push, claim, CLAIMED, error)
        return
    with transaction():
        outgoing = prepare(claim, seen, push.clock())
        if outgoing:
            outbox.mark_sent(claim, outgoing.groups, push.clock())
    if outgoing is None:
        return
    marked = push.monotonic()
    leave_database()
    if push.monotonic() - marked > MARK_TO_SOCKET_SECONDS:
        _back_to_ready(push, claim, SENT, "The worker was held up.", 0)
        return
    try:
        answer = _write(push.remote, outgoing)
    except AdServerError as error:
        _after_failure(push, claim, error)
        return
    with transaction():
        results.applied(claim, answer, push.clock())
    log.info("change_applied", change=claim.change_id, campaign=claim.campaign_id, kind=claim.kind)


def _read_first(push: Push, claim: Claim) -> tuple[RemoteCampaign, int] | None:
    """The remote record as it is now, for a change of one: so that nobody's edit is overwritten."""
    if claim.kind == CREATE:
        return None
    remote_id = results.remote_id_of(claim.campaign_id)
    observation = begin_observation(claim.connection_id)
    leave_database()
    return push.remote.get_campaign(remote_id), observation


def _write(remote: AdServer, outgoing: Outgoing) -> RemoteCampaign:
    if isinstance(outgoing.request, CampaignSpec):
        return remote.create_campaign(outgoing.request, outgoing.marker)
    return remote.update_campaign(outgoing.remote_id, outgoing.request)


def _after_failure(push: Push, claim: Claim, error: AdServerError) -> None:
    """A write that was not confirmed."""
    if isinstance(error, OutcomeUnknown):
        with transaction():
            outbox.release(claim, SENT, SETTLING, **_error_columns(error))
            outbox.show(claim.campaign_id, CHECKING)
        log.warning("change_outcome_unknown", change=claim.change_id, status=error.status)
    else:
        _not_sent(push, claim, SENT, error)


def _not_sent(push: Push, claim: Claim, state: str, error: AdServerError) -> None:
    """Proof that nothing was changed: refused, or to be sent later."""
    log.info("change_not_sent", change=claim.change_id, error=error.code, status=error.status)
    if isinstance(error, Rejected):
        with transaction():
            results.refused(claim, state, error, push.clock())
    elif isinstance(error, NotFound):
        with transaction():
            results.not_there(claim, state, error, push.clock())
    elif isinstance(error, AuthFailed) or (_is_hopeless(error) and not _is_old(push, claim)):
        with transaction():
            results.pause_connection(claim.connection_id, error.message)
        _back_to_ready(push, claim, state, error.message, 0, **_error_columns(error))
    elif isinstance(error, RateLimited):
        wait = error.retry_after or 0
        _back_to_ready(push, claim, state, error.message, wait, **_error_columns(error))
    else:
        _try_later(push, claim, state, error)


def _is_hopeless(error: AdServerError) -> bool:
    # Of one record perhaps: reading then goes on, and lifts the pause each time.
    return isinstance(error, (PermissionDenied, ContractChanged))


def _is_old(push: Push, claim: Claim) -> bool:
    return push.clock() - claim.created_at > GIVE_UP_AFTER


def _try_later(push: Push, claim: Claim, state: str, error: AdServerError) -> None:
    attempts = claim.attempts + 1
    if _is_old(push, claim):
        with transaction():
            columns = _error_columns(error) | {"sent_payload": None}
            results.parked(claim, state, error.message, push.clock(), **columns)
        return
    longest = BACK_OFF_SECONDS * 2 ** min(attempts, MOST_DOUBLINGS)
    wait = push.uniform(0, min(LONGEST_BACK_OFF_SECONDS, longest))
    columns = _error_columns(error) | {"attempts": attempts}
    _back_to_ready(push, claim, state, error.message, wait, **columns)


def _back_to_ready(
    push: Push, claim: Claim, state: str, message: str, wait: float, **columns: Any
) -> None:
    due: datetime = push.clock() + timedelta(seconds=wait)
    with transaction():
        # It is proven that nothing was changed there: there is no open mark any more.
        values = {"last_error": message, "sent_payload": None, **columns}
        outbox.release(claim, state, READY, next_attempt_at=due, **values)
        outbox.show(claim.campaign_id, WAITING)


def _error_columns(error: AdServerError) -> dict[str, Any]:
    return {
        "last_error": error.message,
        "last_status": error.status,
        "remote_request_id": error.request_id,
    }
