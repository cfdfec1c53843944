"""What operators ask of sync. The work itself is done by the worker (``webapp.sync.jobs``)."""

from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.campaigns.models import Campaign
from webapp.campaigns.service import subject
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, TooLate
from webapp.sync import absence, queries
from webapp.sync.models import (
    APPLY,
    BRAKED,
    CANCELLED,
    KEEP,
    OPEN_STATES,
    REQUESTED,
    RESUMABLE,
    Duplicate,
    SyncRun,
)

OPERATOR, SCHEDULE, START = "operator", "schedule", "start"


def request_run(actor: Actor, connection: Connection) -> SyncRun:
    """Ask the worker for a pull of everything now. Asked twice before it began, it is one run.

    A paused connection is read too: that is how it is found to be mended.
    """
    run = _whole_run(actor, connection.id)
    if run is None:
        return _open_already(connection.id)
    audit.record(actor, "asked for a sync", connections.subject(connection))
    return run


def schedule_run(connection: Connection, trigger: str, due_at: datetime) -> SyncRun | None:
    """A run for a moment of the schedule; ``None`` when that moment has its run already."""
    return _add_run(connection.id, trigger, due_at=due_at)


def follow_up(resumed_id: int, connection_id: int) -> int:
    """Ask for the whole run that has to follow a resumed one. Returns its id."""
    why = f"It reads everything, after run {resumed_id} went on in the middle."
    run = _add_run(connection_id, SCHEDULE, problem=why)
    return (run or _open_already(connection_id)).id


def cancel_run(actor: Actor, run: SyncRun) -> SyncRun:
    """Stop a run: at once when it has not begun, else before its next page. What was read is kept.

    Raises ``TooLate`` when it has ended.
    """
    _lock(run)
    if run.state not in OPEN_STATES:
        raise TooLate("This run has ended already.")
    if run.cancelled_by:
        return run
    run.cancelled_by = actor.label
    if run.state == REQUESTED:
        run.state, run.finished_at = CANCELLED, utc_now()
        run.problem = "It was cancelled before it began."
    _record(actor, "cancelled a sync", run)
    return run


def resume_run(actor: Actor, run: SyncRun) -> SyncRun:
    """Ask for a run that goes on where this one was left. Asked twice, it is one run.

    Raises ``TooLate`` when there is nothing to go on with.
    """
    _lock(run)
    earlier = queries.resumed_by(run)
    if earlier is not None and earlier.state in OPEN_STATES:
        return earlier
    if earlier is not None:
        raise TooLate(f"Run {earlier.id} went on from there already.")
    if run.state not in RESUMABLE or not run.cursor:
        raise TooLate("There is nothing left of this run to go on with.")
    if queries.later_full_run(run):
        raise TooLate("A later run has read the whole list.")
    resumed = _add_run(
        run.connection_id,
        OPERATOR,
        requested_by=actor.label,
        resumes_id=run.id,
        stage=run.stage,
        cursor=run.cursor,
    )
    if resumed is None:
        raise TooLate("Another run is about to start. Wait until it has ended.")
    _record(actor, "resumed a sync", run)
    return resumed


def decide_brake(actor: Actor, run: SyncRun, decision: str) -> SyncRun:
    """Answer a run that the brake stopped. ``KEEP``: nothing changes, the next run judges anew.

    ``APPLY``: what was missing counts as missed once, and a run is asked for in which these
    campaigns do not pull the brake. Each is still read by its id before it is taken for gone.
    Raises ``TooLate`` when it was decided otherwise, or a later run has judged anew.
    """
    if decision not in (APPLY, KEEP):
        raise InvalidInput({"decision": "Choose whether to apply or to keep."})
    _lock(run)
    if run.state != BRAKED or run.brake is None:
        raise TooLate("This run was not stopped by the brake.")
    if run.brake_decision == decision:
        return run
    if run.brake_decision:
        raise TooLate(f"{run.brake_decided_by} has decided otherwise already.")
    if queries.later_full_run(run):
        raise TooLate("A later run has read the list since. Decide on what that one says.")
    run.brake_decision, run.brake_decided_by = decision, actor.label
    run.brake_decided_at = utc_now()
    _record(actor, "applied the brake" if decision == APPLY else "kept the missing", run)
    if decision == APPLY:
        absence.count_misses(run.brake)
        _ask_with_approval(actor, run)
    return run


def close_duplicate(actor: Actor, duplicate: Duplicate) -> Duplicate:
    """An operator has looked at both records. Nothing is removed anywhere by this."""
    db.session.refresh(duplicate, with_for_update={"key_share": True})
    if duplicate.closed_at is None:
        duplicate.closed_at, duplicate.closed_by = utc_now(), actor.label
        campaign = db.session.get_one(Campaign, duplicate.campaign_id)
        audit.record(actor, "closed duplicate", subject(campaign), reason=duplicate.remote_id)
        db.session.flush()
    return duplicate


def _ask_with_approval(actor: Actor, braked: SyncRun) -> None:
    if _whole_run(actor, braked.connection_id, approved=braked.brake) is not None:
        return
    waiting = _open_already(braked.connection_id)
    _lock(waiting)
    if waiting.state != REQUESTED or waiting.resumes_id:
        raise TooLate("Another run is just starting. Decide when it has ended.")
    waiting.approved = braked.brake
    db.session.flush()


def _whole_run(actor: Actor, connection_id: int, **values: Any) -> SyncRun | None:
    """A run that reads everything, when no such one waits already.

    It takes the place of one that waits to go on where another was left.
    """
    for waiting in queries.open_runs(connection_id):
        if waiting.resumes_id:
            values |= _give_way(actor, waiting)
    return _add_run(connection_id, OPERATOR, requested_by=actor.label, **values)


def _give_way(actor: Actor, resumed: SyncRun) -> dict[str, str]:
    """Close it if it has not begun. What the run in its place says of that."""
    _lock(resumed)
    if resumed.state != REQUESTED:
        return {}
    resumed.state, resumed.finished_at = CANCELLED, utc_now()
    resumed.cancelled_by = actor.label
    resumed.problem = f"{actor.label} asked for a run that reads everything instead."
    db.session.flush()
    return {"problem": f"It reads everything, in place of run {resumed.id}."}


def _add_run(connection_id: int, trigger: str, **values: Any) -> SyncRun | None:
    run = SyncRun(
        connection_id=connection_id,
        trigger=trigger,
        requested_at=utc_now(),
        state=REQUESTED,
        set_aside=[],
        **values,
    )
    try:
        with db.session.begin_nested():
            db.session.add(run)
    except IntegrityError:
        return None
    return run


def _open_already(connection_id: int) -> SyncRun:
    """The run that waits; the one under way when it began a moment ago."""
    return queries.open_runs(connection_id)[-1]


def _lock(run: SyncRun) -> None:
    db.session.refresh(run, with_for_update={"of": SyncRun, "key_share": True})


def _record(actor: Actor, action: str, run: SyncRun) -> None:
    connection = db.session.get_one(Connection, run.connection_id)
    audit.record(actor, action, connections.subject(connection), reason=f"run {run.id}")
    db.session.flush()
