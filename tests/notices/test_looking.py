"""What is the matter: found for each kind, opened once, seen again, and over."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.notices.conftest import NOW, Clock, Look
from tests.support.statements import count_statements
from webapp.connections.models import PAUSED, Connection
from webapp.core.db import db
from webapp.notices import jobs, kinds
from webapp.notices.models import Notice
from webapp.sync.jobs import Work
from webapp.sync.models import BRAKED, FAILED, RequestLog

OLD = NOW - timedelta(hours=5)
MINUTE = timedelta(minutes=1)


def notices() -> dict[str, Notice]:
    """Those that are open, by kind."""
    query = select(Notice).where(Notice.closed_at.is_(None), Notice.kind != kinds.LOOK)
    return {each.kind: each for each in db.session.scalars(query)}


def late(connection: Connection) -> None:
    connection.last_success_at = OLD


def never_read(connection: Connection) -> None:
    connection.last_success_at = None


def paused(connection: Connection) -> None:
    connection.state, connection.state_reason = PAUSED, "The token was refused"


def held(connection: Connection) -> None:
    connection.held_at, connection.held_by = NOW, "ana@example.com"


def failed(connection: Connection) -> None:
    factories.sync_run(connection_id=connection.id, state=FAILED)


def braked(connection: Connection) -> None:
    factories.sync_run(connection_id=connection.id, state=BRAKED, brake=[1])


def in_conflict(connection: Connection) -> None:
    for _ in range(2):
        campaign = factories.campaign(connection_id=connection.id, sync_state="conflict")
        factories.conflict(campaign, "title", seen_at=OLD)


def refused(connection: Connection) -> None:
    campaign = factories.campaign(connection_id=connection.id, sync_state="refused")
    factories.change(campaign, state="rejected", finished_at=OLD)


def parked(connection: Connection) -> None:
    campaign = factories.campaign(connection_id=connection.id, sync_state="parked")
    factories.change(campaign, state="parked", finished_at=OLD)


def twice(connection: Connection) -> None:
    campaign = factories.campaign(connection_id=connection.id)
    factories.duplicate(campaign, seen_at=OLD)


def stuck(connection: Connection) -> None:
    campaign = factories.campaign(connection_id=connection.id)
    factories.change(campaign, next_attempt_at=OLD, created_at=OLD)


CASES = [
    (kinds.LATE, late, "Megaphone was last read completely at 4 Mar 00:00 UTC."),
    (kinds.LATE, never_read, "Megaphone was never read."),
    (kinds.PAUSED, paused, "Megaphone is paused: The token was refused. No change is lost."),
    (kinds.HELD, held, "All sending to Megaphone is paused by ana@example.com."),
    (kinds.FAILING, failed, "The last sync run of Megaphone did not come through."),
    (kinds.BRAKED, braked, "The brake stopped a sync run of Megaphone"),
    (kinds.CONFLICT, in_conflict, "2 campaigns have a conflict to decide for more than 4 h."),
    (kinds.REFUSED, refused, "1 campaign has a refused change to mend for more than 4 h."),
    (kinds.PARKED, parked, "1 campaign has a change to be settled for more than 4 h."),
    (kinds.DUPLICATE, twice, "1 report waits of a booking that Megaphone has twice for more than"),
    (kinds.STUCK, stuck, "Nothing goes out to Megaphone, though changes are due since 4 Mar 00:00"),
]


@pytest.mark.parametrize(("kind", "happen", "words"), CASES)
def test_what_is_the_matter_is_found_and_said(
    kind: str,
    happen: Callable[[Connection], None],
    words: str,
    connection: Connection,
    look: Look,
    manager_client,
) -> None:
    happen(connection)
    look()

    found = notices()
    assert list(found) == [kind]
    assert found[kind].words.startswith(words)
    assert manager_client.get(found[kind].link).status_code == 200


def test_nothing_is_the_matter_where_all_is_well(connection: Connection, look: Look) -> None:
    factories.campaign(connection_id=connection.id)
    factories.sync_run(connection_id=connection.id)
    look()

    assert notices() == {}


@pytest.mark.parametrize("happen", [in_conflict, refused, parked, twice])
def test_what_waits_for_less_than_the_limit_is_no_matter(
    happen: Callable[[Connection], None], connection: Connection, look: Look
) -> None:
    happen(connection)
    look(notice_hours=6)

    assert notices() == {}


def test_it_is_opened_once_seen_again_and_closed_when_it_is_over(
    connection: Connection, look: Look
) -> None:
    held(connection)
    look()
    first = notices()[kinds.HELD].id
    look()
    notice = notices()[kinds.HELD]
    assert (notice.id, notice.opened_at, notice.seen_at) == (first, NOW, NOW + MINUTE)

    connection.held_at = None
    look()
    assert notices() == {}
    notice = db.session.get_one(Notice, first)
    assert (notice.closed_at, notice.seen_at) == (NOW + 2 * MINUTE, NOW + MINUTE)

    held(connection)
    look()
    assert notices()[kinds.HELD].id > first


def test_its_words_follow_what_is_the_matter(connection: Connection, look: Look) -> None:
    in_conflict(connection)
    look()
    in_conflict(connection)
    look()

    assert notices()[kinds.CONFLICT].words.startswith("4 campaigns have")


def test_changes_that_go_out_one_after_another_are_not_stuck(
    connection: Connection, look: Look
) -> None:
    stuck(connection)
    db.session.add(
        RequestLog(
            connection_id=connection.id,
            at=NOW - timedelta(minutes=5),
            method="PUT",
            path="/campaigns/:id",
            priority="push",
            outcome="ok",
            received_bytes=0,
            duration_ms=1,
        )
    )
    look()

    assert notices() == {}


def test_a_time_without_worker_is_told_of_for_a_while(
    connection: Connection, look: Look, clock: Clock
) -> None:
    look()
    clock.later(minutes=119)
    look()
    assert notices()[kinds.WORKER].words == (
        "No worker was at work from 4 Mar 05:00 UTC to 4 Mar 07:00 UTC: nothing was read or sent."
    )
    for _ in range(16):
        look()

    assert notices() == {}


def test_a_connection_that_is_detached_is_no_matter(connection: Connection, look: Look) -> None:
    for happen in (late, held, failed, in_conflict, refused, parked, twice, stuck):
        happen(connection)
    connection.state = "detached"
    look()

    assert notices() == {}


def test_a_quiet_minute_takes_eight_statements_and_a_busy_one_few_more(
    connection: Connection, look: Look
) -> None:
    look()
    with count_statements() as quiet:
        look()
    busy = []
    for _ in range(2):
        for _ in range(3):
            another = factories.connection(name="Other")
            for happen in (late, failed, in_conflict, refused, parked, twice, stuck):
                happen(another)
        with count_statements() as statements:
            look()
        busy.append(len(statements))

    assert len(notices()) == 7
    assert len(quiet) <= 8
    # Whether it was told already, and whom to tell.
    assert max(busy) <= 8 + 2


def test_a_quiet_minute_within_the_hours_of_the_digest_takes_eight_as_well(
    connection: Connection, look: Look, clock: Clock
) -> None:
    clock.later(hours=4)
    look()
    with count_statements() as statements:
        look()

    assert len(statements) <= 8


def test_a_look_beside_another_leaves_it_be(
    connection: Connection, work: Work, clock: Clock
) -> None:
    held(connection)
    db.session.commit()
    jobs.look(work)
    clock.later(seconds=10)
    jobs.look(work)

    assert len(db.session.scalars(select(Notice).where(Notice.kind == kinds.HELD)).all()) == 1
    assert db.session.scalar(select(func.max(Notice.seen_at))) == NOW
