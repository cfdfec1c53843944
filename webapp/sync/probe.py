"""Finding out what became of a change whose answer was lost. It is never sent again blindly.

An update is read back. A create is looked for by its marker in a complete listing: found once, it
is ours; not found in two complete listings, it was never made and may be sent again.
"""

from datetime import datetime

import structlog

from webapp.adservers.errors import AdServerError, NotFound
from webapp.adservers.types import MarkerSearch
from webapp.campaigns import queries as campaigns
from webapp.campaigns.fields import snapshot
from webapp.campaigns.models import (
    APPLIED,
    CREATE,
    PROBING,
    READY,
    SETTLING,
    SUPERSEDED,
    WAITING,
    Change,
)
from webapp.core.db import db, reading, transaction
from webapp.sync import outbox, results
from webapp.sync.merge import still_to_send
from webapp.sync.observations import begin_observation, leave_database
from webapp.sync.outbox import PROBE_SPACING, Claim
from webapp.sync.payload import (
    agree_on_what_arrived,
    locked_campaign,
    merge_seen,
    own_marker,
    show_settled,
)
from webapp.sync.push import GIVE_UP_AFTER, Push

CLEAN_PROBES_NEEDED = 2
NO_MARKER = (
    "Megaphone's answer to this booking was lost, and its external ID is used more than once. "
    "Look in Megaphone whether it is there before booking it again."
)
NEVER_TAKEN = (
    "Megaphone answered with errors for a day and has not taken this. "
    "Nothing of it is there; edit the campaign to send it again."
)
TWICE = "Megaphone has more than one campaign with this external ID. Look at both there."

log = structlog.get_logger()


def find_out(push: Push, claim: Claim) -> None:
    """Carry out one probe of a claimed change. Raises ``LeaseLost``."""
    try:
        if claim.kind == CREATE:
            _find_create(push, claim)
        else:
            _read_back(push, claim)
    except AdServerError as error:
        log.warning("probe_failed", change=claim.change_id, error=error.code)
        with transaction():
            _again_later(claim, push.clock(), error.message)


def _read_back(push: Push, claim: Claim) -> None:
    observation = begin_observation(claim.connection_id)
    remote_id = results.remote_id_of(claim.campaign_id)
    leave_database()
    try:
        remote = push.remote.get_campaign(remote_id)
    except NotFound as error:
        with transaction():
            results.not_there(claim, PROBING, error, push.clock())
        return
    now = push.clock()
    with transaction():
        agree_on_what_arrived(claim, remote)
        merge_seen(claim, remote, observation, now)
        campaign = locked_campaign(claim.campaign_id)
        in_conflict = {conflict.field_group for conflict in campaigns.open_conflicts(campaign)}
        # What did arrive is agreed now; what did not goes out again with a fresh read before it.
        if still_to_send(campaign.base or {}, snapshot(campaign), in_conflict):
            _not_there(claim, now)
        else:
            outbox.finish(claim, PROBING, SUPERSEDED if in_conflict else APPLIED, now)
            show_settled(campaign)


def _find_create(push: Push, claim: Claim) -> None:
    marker = _sent_marker(claim)
    if marker is None:
        with transaction():
            results.parked(claim, PROBING, NO_MARKER, push.clock())
        return

    def keep_lease() -> None:
        with transaction():
            outbox.extend(claim, PROBING, push.clock())

    leave_database()
    search = push.remote.find_by_marker(marker, keep_lease)
    with transaction():
        _conclude(claim, search, push.clock())


def _sent_marker(claim: Claim) -> str | None:
    """The marker as it was sent: the operator may have changed the external id since."""
    with reading():
        change = db.session.get_one(Change, claim.change_id)
        sent = (change.sent_payload or {}).get("external_id")
        marker = own_marker(claim.campaign_id, claim.connection_id, sent)
        db.session.rollback()
    return marker


def _conclude(claim: Claim, search: MarkerSearch, now: datetime) -> None:
    if len(search.found) > 1:
        results.parked(claim, PROBING, TWICE, now)
    elif search.found:
        results.applied(claim, search.found[0], now, state=PROBING)
    elif not search.complete:
        _again_later(claim, now, search.problem)
    elif claim.clean_probes + 1 < CLEAN_PROBES_NEEDED:
        _again_later(claim, now, None, clean_probes=claim.clean_probes + 1)
    else:
        _not_there(claim, now)


def _not_there(claim: Claim, now: datetime) -> None:
    """It is proven that nothing was changed there: send it again, unless that went on for long."""
    if now - claim.created_at > GIVE_UP_AFTER:
        results.parked(claim, PROBING, NEVER_TAKEN, now, sent_payload=None)
    else:
        outbox.release(claim, PROBING, READY, next_attempt_at=now, sent_payload=None)
        outbox.show(claim.campaign_id, WAITING)


def _again_later(claim: Claim, now: datetime, problem: str | None, **columns: int) -> None:
    outbox.release(
        claim,
        PROBING,
        SETTLING,
        settle_until=now + PROBE_SPACING,
        last_error=problem,
        **columns,
    )
