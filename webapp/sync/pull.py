"""One pull: agencies, advertisers, then all campaigns, page by page.

What is read is merged at once, a transaction a page. What is *not* read means something only when
the whole listing was seen (``webapp.sync.absence``).
"""

from dataclasses import dataclass

import structlog

from webapp.adservers.errors import (
    AdServerError,
    AuthFailed,
    ContractChanged,
    PermissionDenied,
)
from webapp.adservers.types import RemoteAdvertiser, RemoteCampaign, RemotePage
from webapp.adservers.walk import Walk
from webapp.audit.service import Actor
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.db import db, reading, transaction
from webapp.sync import absence, breaker, directory, runs, service
from webapp.sync.campaign_pages import PageContext, PageResult, merge_page
from webapp.sync.models import BRAKED, CANCELLED, COMPLETE, FAILED, INCOMPLETE
from webapp.sync.observations import begin_observation, next_observation
from webapp.sync.reading import Cancelled, Pull, Stopped, pages, still_wanted
from webapp.sync.runs import ADVERTISERS, AGENCIES, CAMPAIGNS, MISSING, Plan

__all__ = ["WORKER", "Pull", "run"]

# What a column holds; a claim beyond it is nonsense, and the walk is incomplete anyway.
LARGEST_TOTAL = 2**31 - 1

WORKER = Actor(label="Flightdeck", source="sync")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run closes; ``brake`` holds the missing campaigns that somebody must decide about.

    ``is_rest``: it has read the rest only, so that a whole run has to follow.
    """

    state: str
    problem: str | None = None
    brake: list[int] | None = None
    is_rest: bool = False


def run(pull: Pull) -> str:
    """Carry out a started run and close it. Returns its final state; raises ``RunTaken``."""
    ending = _ending(pull)
    now = pull.clock()
    with transaction():
        pull.beat()
        problem = ending.problem
        if ending.is_rest:
            following = service.follow_up(pull.run_id, pull.connection_id)
            problem = f"{problem} Run {following} reads everything next."
        runs.close(pull.run_id, ending.state, now, problem, brake=ending.brake)
        if ending.state == COMPLETE:
            _connection(pull).last_success_at = now
    log.info("pull_finished", state=ending.state, problem=problem)
    return ending.state


def _ending(pull: Pull) -> Ending:
    try:
        return _read_everything(pull)
    except AdServerError as error:
        _pause_if_hopeless(pull, error)
        with reading():
            read = runs.has_read(pull.run_id)
            db.session.rollback()
        return Ending(INCOMPLETE if read else FAILED, error.message)
    except Stopped:
        return Ending(INCOMPLETE, "The worker was stopped. What was read was kept.")
    except Cancelled as who:
        return Ending(CANCELLED, f"{who} stopped it. What was read was kept.")


def _read_everything(pull: Pull) -> Ending:
    with reading():
        plan = runs.plan(pull.run_id)
        db.session.rollback()
    if plan.cursor:
        return _read_on(pull, plan, plan.cursor)
    notes = [_agencies(pull), _advertisers(pull)]
    walk = Walk(pull.remote.list_campaigns, noun="campaigns")
    first_observation, unusable = _campaigns(pull, walk)
    if not walk.complete or unusable:
        return Ending(INCOMPLETE, walk.problem or f"{unusable:,} rows could not be used.")
    ending = _conclude(pull, walk, first_observation, plan)
    problem = " ".join(text for text in (*notes, ending.problem) if text)
    return Ending(ending.state, problem or None, ending.brake)


def _read_on(pull: Pull, plan: Plan, cursor: str) -> Ending:
    """Rows may have moved between two runs, so that this can never be the whole list."""
    walk = Walk(pull.remote.list_campaigns, noun="campaigns", start=cursor)
    _campaigns(pull, walk)
    return Ending(
        INCOMPLETE,
        f"It went on from where run {plan.resumes_id} was left, and read the rest. Campaigns may "
        "have moved to pages that were read before, so it cannot say that it saw them all.",
        is_rest=True,
    )


def _agencies(pull: Pull) -> str | None:
    """Agencies only name what advertisers carry too: a token that may not list them will do."""
    walk = Walk(pull.remote.list_agencies, noun="agencies")
    try:
        for page in pages(pull, walk):
            with transaction():
                read = directory.merge_agencies(page.items, pull.connection_id, pull.clock())
                pull.beat({"stage": AGENCIES}, agency_count=read)
                breaker.succeeded(pull.connection_id)
    except (PermissionDenied, ContractChanged) as error:
        return f"Agencies could not be listed. {error.message}"
    return walk.problem


def _advertisers(pull: Pull) -> str | None:
    walk = Walk(pull.remote.list_advertisers, noun="advertisers")
    for page in pages(pull, walk):
        with transaction():
            read = directory.merge_advertisers(page.items, pull.connection_id, pull.clock())
            # Nothing else is set aside so early. It is worse with each page, or well with the last.
            values: dict[str, object] = {"stage": ADVERTISERS, "set_aside": _unread(walk)}
            pull.beat(values, advertiser_count=read)
            breaker.succeeded(pull.connection_id)
    return walk.problem


def _unread(walk: Walk[RemoteAdvertiser]) -> list[dict[str, object]]:
    """What keeps the list of advertisers from being whole: see ``SyncRun.unread_advertisers``."""
    if walk.problem is None:
        return []
    return [{"id": None, "reason": walk.problem, "advertisers": walk.bad_rows}]


def _campaigns(pull: Pull, walk: Walk[RemoteCampaign]) -> tuple[int, int]:
    """Merge every page. Returns the first observation's number and how many rows were unusable."""
    with reading():
        known = directory.load_directory(pull.connection_id)
        db.session.rollback()
    first = observation = begin_observation(pull.connection_id)
    unusable = 0
    for page in pages(pull, walk):
        now = pull.clock()
        context = PageContext(pull.connection_id, observation, known, now, pull.run_id)
        with transaction():
            result = merge_page(page.items, context)
            _count_page(pull, page, result, walk.cursor)
            if observation == first:
                connections.resume(WORKER, _connection(pull))
            # Taken before the next page is asked for, so never later than what it will show.
            observation = next_observation(pull.connection_id)
            breaker.succeeded(pull.connection_id)
        unusable += len(result.set_aside)
    return first, unusable


def _count_page(
    pull: Pull, page: RemotePage[RemoteCampaign], result: PageResult, cursor: str | None
) -> None:
    bad = [{"id": row.id, "reason": row.reason} for row in page.bad_rows]
    set_aside = [*bad, *result.set_aside]
    runs.add_set_aside(pull.run_id, set_aside)
    total = page.total if _fits(page.total) else None
    pull.beat(
        {"stage": CAMPAIGNS, "cursor": cursor, "remote_total": total},
        read_count=len(page.items) + len(bad),
        created_count=result.created,
        updated_count=result.updated,
        unchanged_count=result.unchanged,
        set_aside_count=len(set_aside),
        duplicate_count=result.duplicates,
    )


def _fits(total: int | None) -> bool:
    return total is not None and total <= LARGEST_TOTAL


def _conclude(pull: Pull, walk: Walk[RemoteCampaign], first_observation: int, plan: Plan) -> Ending:
    missing, held = absence.find_missing(pull.connection_id, first_observation, walk.has_seen)
    problem = absence.brake(missing, held, walk.distinct, plan.approved)
    if problem:
        words = f"Stopped by the brake: {problem} Nothing was marked as missing."
        return Ending(BRAKED, words, sorted(each.id for each in missing))
    ids = [each.id for each in missing]
    with transaction():
        absence.count_misses(ids)
        named = sorted(ids)[: runs.MAX_NAMED]
        pull.beat({"stage": MISSING, "missing": named or None}, missing_count=len(ids))

    def before_each() -> None:
        still_wanted(pull)
        with transaction():
            pull.beat()

    gone = absence.look_for_gone(missing, pull, before_each)
    if gone:
        return Ending(COMPLETE, f"{gone:,} campaigns are gone from Megaphone. They are kept here.")
    return Ending(COMPLETE)


def _pause_if_hopeless(pull: Pull, error: AdServerError) -> None:
    if isinstance(error, (AuthFailed, PermissionDenied, ContractChanged)):
        with transaction():
            connections.pause(WORKER, _connection(pull), error.message, error.code)


def _connection(pull: Pull) -> Connection:
    return connections.locked(pull.connection_id)
