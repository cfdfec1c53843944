"""Finding out what became of a change whose answer was lost. It is never sent again blindly.

An update is read back. A create is looked for by its marker in a complete listing: found once, it
is ours; not found in two complete listings, it was never made and may be sent again. One is enough
where the ad server would refuse a second record; where it keeps no markers a person has to look. A
listing without much of what we hold proves nothing, however complete it says it is.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select

from webapp.adservers.errors import AdServerError, AuthFailed, NotFound
from webapp.adservers.types import MarkerSearch, RemoteCampaign
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
from webapp.connections.models import NO_MARKER
from webapp.core.db import db, reading, transaction
from webapp.sync import absence, bindings, breaker, markers, outbox, results, unlisted
from webapp.sync.markers import CLEAN_PROBES_NEEDED
from webapp.sync.merge import still_to_send
from webapp.sync.observations import begin_observation, leave_database
from webapp.sync.outbox import PROBE_SPACING, Claim
from webapp.sync.payload import (
    agree_on_what_arrived,
    locked_campaign,
    merge_seen,
    show_settled,
)
from webapp.sync.push import Push, error_columns, is_old
from webapp.web.filters import absolute

LOST_MARKER = (
    "Megaphone's answer to this booking was lost, and its external ID is used more than once. "
    "Look in Megaphone whether it is there before booking it again."
)
NO_MARKERS = (
    "Megaphone's answer to this booking was lost, and Megaphone does not keep our external IDs. "
    "Look in Megaphone whether it is there before booking it again."
)
TAKEN = (
    "The campaign that Megaphone has with this external ID belongs to another one here. "
    "Link the two, or archive this one and go on with the other."
)
DOUBTFUL = (
    "Megaphone's answer to this booking was lost. It has “{}” ({}) with this external ID, made at "
    "{}, which may be another campaign. Link it if it is this one; book this again if it is not."
)
NEVER_TAKEN = (
    "Megaphone answered with errors for a day and has not taken this. "
    "Nothing of it is there; edit the campaign to send it again."
)
NEVER_LISTED = "Megaphone's list of campaigns could not be read whole for a day."
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
        log.warning("probe_failed", error=error.code)
        with transaction():
            _after_failure(claim, error, push.clock())


def _after_failure(claim: Claim, error: AdServerError, now: datetime) -> None:
    columns = error_columns(claim, error, now)
    if is_old(claim, now):
        results.parked(claim, PROBING, error.message, now, **columns)
    else:
        _again_later(claim, now, **columns)
    if isinstance(error, AuthFailed):
        results.pause_connection(claim.connection_id, error)
    breaker.heard(claim.connection_id, error, now)


def _read_back(push: Push, claim: Claim) -> None:
    observation = begin_observation(claim.connection_id)
    remote_id = results.remote_id_of(claim.campaign_id)
    leave_database()
    try:
        remote = push.remote.get_campaign(remote_id)
    except NotFound as error:
        with transaction():
            results.not_there(claim, PROBING, error, push.clock())
            breaker.succeeded(claim.connection_id)
        return
    now = push.clock()
    with transaction():
        unlisted.take_in_first(remote, claim.connection_id, now)
        agree_on_what_arrived(claim, remote)
        merge_seen(claim, remote, observation, now)
        campaign = locked_campaign(claim.campaign_id)
        in_conflict = {conflict.field_group for conflict in campaigns.open_conflicts(campaign)}
        # What did arrive is agreed now; what did not goes out again with a fresh read before it.
        if still_to_send(campaign.base or {}, snapshot(campaign), in_conflict):
            _not_there(claim, now)
        else:
            ended = SUPERSEDED if in_conflict else APPLIED
            outbox.finish(claim, PROBING, ended, now, **outbox.NO_TROUBLE)
            show_settled(campaign)
        breaker.succeeded(claim.connection_id)


def _find_create(push: Push, claim: Claim) -> None:
    with reading():
        looked_for = markers.sought(claim.campaign_id, claim.connection_id)
        db.session.rollback()
    if looked_for.marker is None:
        with transaction():
            why = NO_MARKERS if looked_for.mode == NO_MARKER else LOST_MARKER
            results.parked(claim, PROBING, why, push.clock())
        return

    def keep_lease() -> None:
        with transaction():
            outbox.extend(claim, PROBING, push.clock())

    leave_database()
    search = _judged(claim, push.remote.find_by_marker(looked_for.marker, keep_lease))
    with transaction():
        _conclude(claim, search, CLEAN_PROBES_NEEDED[looked_for.mode], push.clock())
        breaker.succeeded(claim.connection_id)


def _judged(claim: Claim, search: MarkerSearch) -> MarkerSearch:
    """The same, and incomplete when too little was listed for its silence to mean anything."""
    if search.found or not search.complete:
        return search
    with reading():
        problem = absence.too_short(claim.connection_id, search.listed)
        db.session.rollback()
    return replace(search, complete=problem is None, problem=problem)


def _conclude(claim: Claim, search: MarkerSearch, clean_needed: int, now: datetime) -> None:
    if len(search.found) > 1:
        results.parked(claim, PROBING, TWICE, now)
    elif search.found:
        _bind(claim, search.found[0], now)
    elif not search.complete and is_old(claim, now):
        results.parked(claim, PROBING, search.problem or NEVER_LISTED, now)
    elif not search.complete:
        since = claim.failing_since or now
        _again_later(claim, now, last_error=search.problem, failing_since=since)
    elif claim.clean_probes + 1 < clean_needed:
        _again_later(claim, now, last_error=None, clean_probes=claim.clean_probes + 1)
    else:
        _not_there(claim, now)


def _bind(claim: Claim, found: RemoteCampaign, now: datetime) -> None:
    unlisted.take_in_first(found, claim.connection_id, now)
    mark = select(Change.sent_payload, Change.sent_at).where(Change.id == claim.change_id)
    sent, sent_at = db.session.execute(mark).one()
    if not markers.is_surely_ours(found, sent or {}, sent_at):
        made_at = absolute(found.created_at) if found.created_at else "an unknown time"
        results.parked(claim, PROBING, DOUBTFUL.format(found.title, found.id, made_at), now)
    elif bindings.holder_of(found.id, locked_campaign(claim.campaign_id)):
        results.parked(claim, PROBING, TAKEN, now, error_code=campaigns.MADE_THERE)
    else:
        results.applied(claim, found, now, state=PROBING)


def _not_there(claim: Claim, now: datetime) -> None:
    """It is proven that nothing was changed there: send it again, unless that went on for long."""
    if is_old(claim, now):
        results.parked(claim, PROBING, NEVER_TAKEN, now, sent_payload=None)
        return
    outbox.release(
        claim,
        PROBING,
        READY,
        next_attempt_at=now,
        sent_payload=None,
        # Remembered until the next answer: see ``push``.
        clean_probes=claim.clean_probes + 1,
    )
    outbox.show(claim.campaign_id, WAITING)


def _again_later(claim: Claim, now: datetime, **columns: Any) -> None:
    outbox.release(claim, PROBING, SETTLING, settle_until=now + PROBE_SPACING, **columns)
