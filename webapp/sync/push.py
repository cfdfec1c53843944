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
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from webapp.adservers.types import CampaignSpec, RemoteCampaign
from webapp.campaigns.models import CHECKING, CLAIMED, CREATE, READY, SENT, SETTLING, WAITING
from webapp.core.clock import Clock, utc_now
from webapp.core.db import transaction
from webapp.sync import breaker, outbox, results
from webapp.sync.markers import forget, keeps_markers, refuses_twice
from webapp.sync.observations import begin_observation, leave_database
from webapp.sync.outbox import Claim
from webapp.sync.payload import Outgoing, prepare
from webapp.sync.turns import HOPELESS

# An ad server that is away for hours is nobody's decision to make; a day of it is.
GIVE_UP_AFTER = timedelta(hours=24)
BACK_OFF_SECONDS = 2.0
LONGEST_BACK_OFF_SECONDS = 900.0
MOST_DOUBLINGS = 10
# A mark older than this is not followed by a write, and no write by what was read longer ago.
MARK_TO_SOCKET_SECONDS = 5.0
READ_TO_SOCKET_SECONDS = 10.0
HELD_UP = "It took too long between looking and sending, so nothing was sent. It is done anew."

log = structlog.get_logger()


class HeldUp(AdServerError):
    """This process was too slow to go on with what it had read. Nothing was sent."""

    code = "held_up"
    retryable = True


@dataclass(frozen=True)
class Push:
    """What sending works with."""

    remote: AdServer
    clock: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = field(default=random.uniform)


def send(push: Push, claim: Claim) -> None:
    """Carry a claimed change as far as it goes. Raises ``LeaseLost``."""
    began = push.monotonic()
    try:
        seen = _read_first(push, claim)
    except AdServerError as error:
        _not_sent(push, claim, CLAIMED, error)
        return
    with transaction():
        outgoing = prepare(claim, seen, push.clock())
        if outgoing:
            outbox.mark_sent(claim, outgoing.groups, push.clock())
        if seen:
            breaker.succeeded(claim.connection_id)
    if outgoing is None:
        return
    marked = push.monotonic()
    leave_database()
    reach = marked + MARK_TO_SOCKET_SECONDS
    send_by = min(reach, began + READ_TO_SOCKET_SECONDS) if seen else reach
    try:
        answer = _write(push, outgoing, send_by)
    except AdServerError as error:
        _after_failure(push, claim, outgoing, error)
        return
    with transaction():
        results.applied(claim, answer, push.clock())
    log.info("change_applied", kind=claim.kind)


def _read_first(push: Push, claim: Claim) -> tuple[RemoteCampaign, int] | None:
    """The remote record as it is now, for a change of one: so that nobody's edit is overwritten."""
    if claim.kind == CREATE:
        return None
    remote_id = results.remote_id_of(claim.campaign_id)
    observation = begin_observation(claim.connection_id)
    leave_database()
    return push.remote.get_campaign(remote_id), observation


def _write(push: Push, outgoing: Outgoing, send_by: float) -> RemoteCampaign:
    within = send_by - push.monotonic()
    if within <= 0:
        raise HeldUp(HELD_UP)
    if isinstance(outgoing.request, CampaignSpec):
        return push.remote.create_campaign(outgoing.request, outgoing.marker, within)
    return push.remote.update_campaign(outgoing.remote_id, outgoing.request, within)


def _after_failure(push: Push, claim: Claim, outgoing: Outgoing, error: AdServerError) -> None:
    """A write that was not confirmed."""
    is_unknown = isinstance(error, OutcomeUnknown)
    if not is_unknown and not (outgoing.is_repeated and _may_be_there_already(claim, error)):
        _not_sent(push, claim, SENT, error, outgoing)
        return
    log.warning("change_outcome_unknown", status=error.status)
    now = push.clock()
    with transaction():
        columns = error_columns(claim, error, now)
        outbox.release(claim, SENT, SETTLING, clean_probes=0, **columns)
        outbox.show(claim.campaign_id, CHECKING)
        breaker.heard(claim.connection_id, error, now)


def _may_be_there_already(claim: Claim, error: AdServerError) -> bool:
    """Whether this refusal says that the lost booking before it has arrived late, after all.

    It was looked for and not found, and now its external id is taken. Once: a second refusal is
    about the external id itself.
    """
    if not _is_taken(error):
        return False
    is_repeated = claim.kind == CREATE and claim.clean_probes > 0
    return is_repeated and claim.error_code != Rejected.code and keeps_markers(claim.connection_id)


def _frees_marker(claim: Claim, outgoing: Outgoing, error: AdServerError) -> bool:
    """Whether the next booking need not go out under the marker of this one.

    Nothing was made under it, neither now nor before; or nothing ever will be, since it is refused.
    """
    if not isinstance(outgoing.request, CampaignSpec):
        return False
    if not outgoing.is_repeated or _is_taken(error):
        return True
    says_nothing = isinstance(error, Rejected) and not error.field_errors
    return says_nothing and refuses_twice(claim.connection_id)


def _is_taken(error: AdServerError) -> bool:
    return isinstance(error, Rejected) and "external_id" in error.field_errors


def _not_sent(
    push: Push,
    claim: Claim,
    state: str,
    error: AdServerError,
    outgoing: Outgoing | None = None,
) -> None:
    """Proof that nothing was changed: refused, or to be sent later."""
    log.info("change_not_sent", error=error.code, status=error.status)
    now = push.clock()
    columns = error_columns(claim, error, now)
    with transaction():
        if isinstance(error, Rejected):
            results.refused(claim, state, error, now)
        elif isinstance(error, NotFound):
            results.not_there(claim, state, error, now)
        elif isinstance(error, AuthFailed) or (_is_hopeless(error) and not is_old(claim, now)):
            _wait(claim, state, now, 0, columns | {"attempts": claim.attempts})
            results.pause_connection(claim.connection_id, error)
        elif isinstance(error, RateLimited) and error.status is None:
            # Our own limit: nobody was asked, so nobody failed.
            _wait(claim, state, now, error.retry_after or 0, {"attempts": claim.attempts})
        else:
            _try_later(push, claim, state, error)
        if outgoing and _frees_marker(claim, outgoing, error):
            forget(claim.campaign_id)
        breaker.heard(claim.connection_id, error, now)


def _is_hopeless(error: AdServerError) -> bool:
    # Of one record perhaps: reading then goes on, and lifts the pause each time.
    return error.code in HOPELESS


def is_old(claim: Claim, now: datetime) -> bool:
    """Whether it has failed for so long that a person should look."""
    return claim.failing_since is not None and now - claim.failing_since > GIVE_UP_AFTER


def _try_later(push: Push, claim: Claim, state: str, error: AdServerError) -> None:
    now = push.clock()
    columns = error_columns(claim, error, now)
    if now - columns["failing_since"] > GIVE_UP_AFTER:
        results.parked(claim, state, now=now, message=error.message, **columns, sent_payload=None)
        return
    attempts = claim.attempts + 1
    longest = BACK_OFF_SECONDS * 2 ** min(attempts, MOST_DOUBLINGS)
    wait = push.uniform(0, min(LONGEST_BACK_OFF_SECONDS, longest))
    if isinstance(error, RateLimited) and error.retry_after is not None:
        wait = max(wait, error.retry_after)
    _wait(claim, state, now, wait, columns | {"attempts": attempts})


def _wait(claim: Claim, state: str, now: datetime, seconds: float, columns: dict[str, Any]) -> None:
    """Back to the queue. It is proven that nothing was changed: there is no open mark any more."""
    due = now + timedelta(seconds=seconds)
    outbox.release(claim, state, READY, next_attempt_at=due, sent_payload=None, **columns)
    outbox.show(claim.campaign_id, WAITING)


def error_columns(claim: Claim, error: AdServerError, now: datetime) -> dict[str, Any]:
    """What a failure leaves on the change. A day of failing begins with the first of its kind."""
    since = claim.failing_since
    was_forbidden = claim.error_code in HOPELESS and not _is_hopeless(error)
    if since is None or since > now or was_forbidden:
        since = now
    return {
        "last_error": error.message,
        "last_status": error.status,
        "remote_request_id": error.request_id,
        "error_code": error.code,
        "failing_since": None if isinstance(error, AuthFailed) else since,
    }
