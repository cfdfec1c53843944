"""The brake: what pulls it, and what an operator's answer to it does."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.sync.conftest import ANA, Desk
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput, TooLate
from webapp.sync import breaker, jobs, runs
from webapp.sync import service as sync_service
from webapp.sync.absence import Missing, brake
from webapp.sync.models import APPLY, KEEP, PulledChange, SyncRun

BEN = Actor("ben@example.com", "web")


def missing(number: int, misses: int = 1) -> list[Missing]:
    return [Missing(id_, f"r{id_}", "T", misses, "confirmed") for id_ in range(number)]


@pytest.mark.parametrize(
    ("absent", "held", "listed", "stops"),
    [
        (missing(0), 100, 100, False),
        (missing(0), 0, 0, False),
        (missing(20), 100, 80, False),
        (missing(21), 100, 79, True),
        (missing(1), 1, 0, True),
        (missing(5, misses=2), 100, 95, False),
        (missing(6, misses=2), 100, 94, True),
        (missing(3, misses=2), 40, 37, False),
        (missing(4, misses=2), 40, 36, True),
    ],
)
def test_the_brake_stops_what_is_too_much_at_once(
    absent: list[Missing], held: int, listed: int, *, stops: bool
) -> None:
    assert (brake(absent, held, listed) is not None) == stops


@pytest.mark.parametrize(
    ("approved", "stops"), [(range(0), True), (range(30), False), (range(9), True), (range(10), 0)]
)
def test_what_was_approved_does_not_count_for_the_brake(approved: range, *, stops: bool) -> None:
    absent = missing(30)

    assert (brake(absent, 100, 70, frozenset(approved)) is not None) == stops


def test_an_empty_list_stops_unless_all_of_it_was_approved() -> None:
    assert brake(missing(4), 4, 0, frozenset(range(3)))
    assert brake(missing(4), 4, 0, frozenset(range(4))) is None


def braked(desk: Desk, deleted: int = 10) -> SyncRun:
    """A run that was stopped because so many of forty were missing: deleted there."""
    for campaign in all_campaigns()[:deleted]:
        desk.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    run = desk.pull()
    assert run.state == "braked"
    return run


def all_campaigns() -> list[Campaign]:
    db.session.expire_all()
    found = list(db.session.scalars(select(Campaign).order_by(Campaign.id)))
    db.session.rollback()
    return found


def misses() -> dict[int, int]:
    return {c.id: c.missed_runs for c in all_campaigns() if c.missed_runs}


def decide(run: SyncRun, decision: str, actor: Actor = ANA) -> None:
    with transaction():
        sync_service.decide_brake(actor, db.session.get_one(SyncRun, run.id), decision)


def requested(desk: Desk) -> list[SyncRun]:
    query = select(SyncRun).where(SyncRun.state == "requested")
    return list(db.session.scalars(query))


def run_what_is_asked_for(desk: Desk) -> SyncRun:
    (asked,) = requested(desk)
    run_id = asked.id
    db.session.rollback()
    jobs.pull_next(desk.work)
    db.session.expire_all()
    return db.session.get_one(SyncRun, run_id)


def test_a_braked_run_lists_what_was_missing_and_changes_nothing(synced: Desk) -> None:
    run = braked(synced)

    assert run.brake == [c.id for c in all_campaigns()[:10]]
    assert run.missing_count == 0
    assert misses() == {}
    assert (run.gone_count, run.brake_decision) == (0, None)


def test_keeping_changes_nothing_and_the_next_run_judges_anew(synced: Desk) -> None:
    run = braked(synced)

    decide(run, KEEP)

    decided = db.session.get_one(SyncRun, run.id)
    assert (decided.brake_decision, decided.brake_decided_by) == ("keep", ANA.label)
    assert decided.brake_decided_at is not None
    assert misses() == {}
    assert requested(synced) == []
    db.session.rollback()
    assert synced.pull().state == "braked"


def test_applying_counts_the_miss_and_asks_for_a_run_that_goes_through(synced: Desk) -> None:
    run = braked(synced)

    decide(run, APPLY)

    assert misses() == dict.fromkeys(run.brake or [], 1)
    applied = run_what_is_asked_for(synced)
    assert (applied.state, applied.missing_count, applied.gone_count) == ("complete", 10, 10)
    assert {c.sync_state for c in all_campaigns()[:10]} == {"gone"}
    assert {c.sync_state for c in all_campaigns()[10:]} == {"confirmed"}
    gone = select(func.count()).where(
        PulledChange.kind == "gone", PulledChange.run_id == applied.id
    )
    assert db.session.scalar(gone) == 10
    said = select(AuditEvent.actor).where(AuditEvent.action == "applied the brake")
    assert db.session.scalars(said).all() == [ANA.label]


def test_each_is_still_read_by_its_id_before_it_is_taken_for_gone(synced: Desk) -> None:
    synced.sandbox.fault({"action": "hide", "share": 0.5, "counted": False, "path": "campaigns$"})
    run = synced.pull()
    assert run.state == "braked"
    hidden = len(run.brake or [])

    decide(run, APPLY)
    applied = run_what_is_asked_for(synced)

    assert (applied.state, applied.missing_count, applied.gone_count) == ("complete", hidden, 0)
    assert {c.sync_state for c in all_campaigns()} == {"confirmed"}


def test_an_approval_is_not_for_what_goes_missing_afterwards(synced: Desk) -> None:
    run = braked(synced)
    decide(run, APPLY)
    for campaign in all_campaigns()[10:20]:
        synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")

    applied = run_what_is_asked_for(synced)

    assert applied.state == "braked"
    assert len(applied.brake or []) == 20
    assert "gone" not in {c.sync_state for c in all_campaigns()}


def test_the_approval_goes_with_a_run_that_was_asked_for_already(synced: Desk) -> None:
    run = braked(synced)
    with transaction():
        connection = db.session.get_one(Connection, synced.connection_id)
        asked = sync_service.request_run(BEN, connection).id

    decide(run, APPLY)

    assert [(each.id, each.approved) for each in requested(synced)] == [(asked, run.brake)]


def test_a_decision_pressed_twice_is_one(synced: Desk) -> None:
    run = braked(synced)

    decide(run, APPLY)
    decide(run, APPLY, BEN)

    assert set(misses().values()) == {1}
    assert db.session.get_one(SyncRun, run.id).brake_decided_by == ANA.label


def after_another_answer(desk: Desk) -> SyncRun:
    run = braked(desk)
    decide(run, KEEP, BEN)
    return run


def after_a_later_run(desk: Desk) -> SyncRun:
    run = braked(desk)
    assert desk.pull().state == "braked"
    return run


def of_a_run_that_went_through(desk: Desk) -> SyncRun:
    return desk.pull()


@pytest.mark.parametrize(
    "make", [after_another_answer, after_a_later_run, of_a_run_that_went_through]
)
def test_a_decision_that_comes_too_late_is_refused_in_words(
    synced: Desk, make: Callable[[Desk], SyncRun]
) -> None:
    run = make(synced)

    with pytest.raises(TooLate, match=r"[a-z]\.$"):
        decide(run, APPLY)

    assert misses() == {}
    assert requested(synced) == []


def test_no_other_word_is_a_decision(synced: Desk) -> None:
    run = braked(synced)

    with pytest.raises(InvalidInput):
        decide(run, "delete everything")


def test_one_that_is_seen_again_while_it_is_looked_for_is_not_taken_for_gone(synced: Desk) -> None:
    (campaign,) = all_campaigns()[:1]
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.pull()

    def seen_by_a_push() -> bool:
        with transaction():
            there = db.session.get_one(Campaign, campaign.id)
            there.missed_runs = 0 if there.missed_runs > 1 else there.missed_runs
        return True

    synced.work = replace(synced.work, keep_going=seen_by_a_push)
    run = synced.pull()

    assert (run.state, run.missing_count, run.gone_count) == ("complete", 1, 0)
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


def test_a_run_that_concludes_keeps_the_first_ids_of_what_was_missing(
    synced: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MAX_NAMED", 2)
    absent = all_campaigns()[:3]
    for campaign in absent:
        synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")

    run = synced.pull()

    assert (run.state, run.missing_count) == ("complete", 3)
    assert run.missing == [campaign.id for campaign in absent[:2]]


ONE_CAMPAIGN = "campaigns/[^/]+$"


def test_looking_for_gone_ones_ends_when_nobody_answers(synced: Desk) -> None:
    decide(braked(synced), APPLY)
    synced.sandbox.fault({"action": "status", "status": 503, "path": ONE_CAMPAIGN})

    run = run_what_is_asked_for(synced)

    assert (run.state, run.missing_count, run.gone_count) == ("complete", 10, 0)
    assert run.request_count == 3 + breaker.OPENS_AFTER


def test_looking_for_gone_ones_ends_when_the_token_is_refused(synced: Desk) -> None:
    decide(braked(synced), APPLY)
    synced.sandbox.fault({"action": "status", "status": 401, "path": ONE_CAMPAIGN})

    run = run_what_is_asked_for(synced)

    assert (run.state, run.gone_count, run.request_count) == ("incomplete", 0, 4)
    assert db.session.get_one(Connection, synced.connection_id).state == "paused"


def test_an_answer_about_one_campaign_pays_for_repeats(synced: Desk) -> None:
    decide(braked(synced), APPLY)
    with transaction():
        db.session.get_one(Connection, synced.connection_id).retry_tokens = 0.0

    run_what_is_asked_for(synced)

    tokens = db.session.get_one(Connection, synced.connection_id).retry_tokens
    assert tokens == pytest.approx(13 * breaker.SUCCESS_PAYS)
