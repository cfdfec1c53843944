"""Seals: what is covered when, and how every change behind the record's back is found."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, literal, select, update

from tests.audit.past_events import behind_its_back, do, happen, sealed
from webapp.audit import seals, verifying
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.audit.verifying import Findings, Wrong
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

pytestmark = pytest.mark.usefixtures("db_session")

# Only what fails waits for so long.
SECONDS = 90


def verified(held: str | None = None) -> Findings:
    db.session.rollback()
    found = verifying.verify(held)
    db.session.rollback()
    return found


def wrong() -> Wrong:
    found = verified().wrong
    assert found
    return found


@pytest.fixture
def three_seals() -> list[AuditSeal]:
    made = []
    for _ in range(3):
        happen(4)
        made.append(sealed())
    return made


class TestSealing:
    def test_what_is_older_than_two_minutes_is_sealed_and_the_rest_later(self) -> None:
        happen(3)
        happen(2, ago=timedelta(seconds=60))
        assert sealed().events == 3
        assert sealed(now=utc_now() + timedelta(minutes=2)).events == 2
        with transaction():
            assert seals.seal(utc_now() + timedelta(days=1)) is None

    def test_a_seal_holds_so_many_at_most_and_one_follows_the_other(self, monkeypatch) -> None:
        monkeypatch.setattr(seals, "MOST_EVENTS", 4)
        happen(10)
        assert seals.keep_up(utc_now, lambda: True) == 3
        made = db.session.scalars(select(AuditSeal).order_by(AuditSeal.id)).all()
        assert [each.events for each in made] == [4, 4, 2]
        assert [each.previous for each in made] == [seals.BEGINNING, made[0].digest, made[1].digest]

    def test_it_stops_when_told_to(self) -> None:
        happen()
        assert seals.keep_up(utc_now, lambda: False) == 0
        assert verified().unsealed == 1

    def test_what_is_not_sealed_yet_is_told_and_not_wrong(self) -> None:
        happen(4)
        sealed()
        happen(2)
        found = verified()
        assert (found.seals, found.events, found.unsealed) == (1, 4, 2)
        assert found.wrong is None

    def test_an_empty_record_is_well(self) -> None:
        assert verified() == Findings()


# SQLite has one writer at a time: no number is taken that is not committed.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_committed_late_is_sealed_later_and_nothing_before_it_is_lost(app: Flask) -> None:
    """A transaction took its numbers, went on for long, and ended after others."""
    written, may_end = threading.Event(), threading.Event()

    def be_late() -> None:
        with app.app_context(), transaction():
            event = select(func.nextval("audit_event_id_seq"))
            number = db.session.scalar(event)
            do(
                "INSERT INTO audit_event (id, at, actor, source, object_type, object_id,"
                " object_label, action) VALUES (:id, :at, 'late', 'web', 'campaign', 7, 'x', 'y')",
                id=number,
                at=utc_now() - timedelta(minutes=10),
            )
            written.set()
            may_end.wait(SECONDS)

    happen(2)
    late = threading.Thread(target=be_late)
    late.start()
    assert written.wait(SECONDS)
    happen(3)
    try:
        # Nobody waits for it, and nothing behind its number is sealed without it.
        assert seals.keep_up(utc_now, lambda: True) == 0
    finally:
        may_end.set()
        late.join(SECONDS)
    assert sealed().events == 6
    assert verified().wrong is None


def test_two_that_seal_at_once_make_one_row_of_seals(app: Flask, monkeypatch) -> None:
    monkeypatch.setattr(seals, "MOST_EVENTS", 2)
    happen(20)
    db.session.rollback()

    def keep_up() -> None:
        with app.app_context():
            seals.keep_up(utc_now, lambda: True)

    both = [threading.Thread(target=keep_up) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(SECONDS)
    seals.keep_up(utc_now, lambda: True)
    found = verified()
    assert (found.wrong, found.events, found.unsealed) == (None, 20, 0)


class TestBehindItsBack:
    @pytest.mark.parametrize(
        "column",
        ["at", "actor", "object_type", "object_label", "action", "field", "before", "after"],
    )
    def test_a_changed_column_is_found(self, three_seals, column: str) -> None:
        value = utc_now() if column == "at" else "x"
        event = AuditEvent.__table__
        changed = update(event).where(event.c.id == three_seals[1].first_id)
        with behind_its_back():
            db.session.execute(changed.values({column: value}))
        assert wrong().seal_id == three_seals[1].id
        assert "were changed" in wrong().words

    @pytest.mark.parametrize("name", ["first_id", "last_id"])
    def test_an_event_that_is_missing_at_an_end_is_named(self, three_seals, name: str) -> None:
        lost = getattr(three_seals[1], name)
        with behind_its_back():
            do("DELETE FROM audit_event WHERE id = :id", id=lost)
        assert wrong().event_id == lost
        assert f"Event {lost} is missing" in wrong().words

    def test_one_that_is_missing_in_between_is_counted(self, three_seals) -> None:
        last = three_seals[2]
        with behind_its_back():
            do("DELETE FROM audit_event WHERE id = :id", id=last.first_id + 1)
        where = f"events {last.first_id} to {last.last_id}, seal {last.id}."
        assert wrong() == Wrong(f"1 of 4 are missing: {where}", last.id)

    def test_one_put_in_between_is_found(self, three_seals) -> None:
        with behind_its_back():
            do("DELETE FROM audit_event WHERE id = :id", id=three_seals[0].first_id + 1)
            _copy(three_seals[0].first_id, three_seals[0].first_id + 1)
        assert wrong().seal_id == three_seals[0].id
        assert "were changed" in wrong().words

    def test_one_put_in_front_is_named(self, three_seals) -> None:
        with behind_its_back():
            _copy(three_seals[0].first_id, three_seals[0].first_id - 100)
            do("DELETE FROM audit_seal WHERE id = :id", id=three_seals[0].id)
        assert wrong().seal_id == three_seals[1].id

    def test_two_that_changed_places_are_found(self, three_seals) -> None:
        one, free = three_seals[1].first_id, three_seals[2].last_id + 1
        with behind_its_back():
            for old, new in ((one, free), (one + 1, one), (free, one + 1)):
                do("UPDATE audit_event SET id = :new WHERE id = :old", old=old, new=new)
        assert wrong().seal_id == three_seals[1].id

    def test_the_first_that_is_wrong_is_named(self, three_seals) -> None:
        with behind_its_back():
            for made in three_seals[1:]:
                do("UPDATE audit_event SET after = 'x' WHERE id = :id", id=made.last_id)
        assert wrong().seal_id == three_seals[1].id

    def test_a_seal_that_is_gone_is_missed_by_the_next(self, three_seals) -> None:
        with behind_its_back():
            do("DELETE FROM audit_seal WHERE id = :id", id=three_seals[1].id)
        assert wrong().words == f"Seal {three_seals[2].id} does not follow the one before it."

    def test_a_seal_that_says_it_was_pruned_too_early_is_found(self, three_seals) -> None:
        with behind_its_back():
            do("UPDATE audit_seal SET pruned_at = made_at WHERE id = :id", id=three_seals[0].id)
        assert "before their time" in wrong().words

    def test_seals_made_anew_are_not_those_that_were_noted(self, three_seals) -> None:
        noted = verified().digest
        assert verified(noted).wrong is None
        with behind_its_back():
            do("UPDATE audit_event SET after = 'x' WHERE id = :id", id=three_seals[2].last_id)
            do("DELETE FROM audit_seal")
        seals.keep_up(utc_now, lambda: True)
        assert verified().wrong is None
        found = verified(noted).wrong
        assert found
        assert "noted" in found.words


def test_it_says_the_same_on_every_database() -> None:
    """What was sealed on one database is still well after a move to the other."""
    happen()
    row = next(seals.all_events())
    fixed = {**row._mapping, "id": 1, "at": row.at.replace(2026, 1, 2, 3, 4, 5, 6)}
    line = seals.canonical(fixed.values())
    assert line == (
        b'[1,"2026-01-02T03:04:05.000006+00:00","tester@example.com",null,"web","campaign",7,'
        b'"Spring","edited","title","0","0 \\u00e9 \\u201cx\\u201d",null,null]\n'
    )


def _copy(old: int, new: int) -> None:
    event = AuditEvent.__table__
    columns = [each for each in event.c if each.name != "id"]
    names = ["id", *(each.name for each in columns)]
    copied = select(literal(new), *columns).where(event.c.id == old)
    db.session.execute(insert(event).from_select(names, copied, include_defaults=False))
