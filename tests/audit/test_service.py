"""The record of who changed what: one event for each field, never without an actor."""

import pytest
from sqlalchemy.exc import IntegrityError

from tests.factories import ACTOR
from webapp.audit import queries, service
from webapp.audit.models import SOURCES
from webapp.audit.moving import move_history
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.core.db import db

CAMPAIGN = Subject("campaign", 7, "Spring")


@pytest.fixture(autouse=True)
def _database(db_session) -> None:
    """Every test here writes events."""


def record(action: str, *changes: FieldChange, actor: Actor = ACTOR) -> None:
    service.record(actor, action, CAMPAIGN, changes)
    db.session.flush()


def test_each_changed_field_is_an_event_of_one_moment() -> None:
    record("edited", FieldChange("title", "Old", "New"), FieldChange("budget", None, "USD 1.00"))

    events = list(reversed(queries.events_of("campaign", 7)))
    found = [(e.action, e.field, e.before, e.after) for e in events]
    assert found == [("edited", "title", "Old", "New"), ("edited", "budget", None, "USD 1.00")]
    assert len({event.at for event in events}) == 1
    assert {event.object_label for event in events} == {"Spring"}


def test_an_action_without_fields_is_one_event() -> None:
    record("archived")
    [event] = queries.events_of("campaign", 7)
    assert (event.action, event.field) == ("archived", None)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_known_to_the_database(source: str) -> None:
    record("archived", actor=Actor("someone", source))
    assert queries.events_of("campaign", 7)[0].source == source


@pytest.mark.parametrize("actor", [Actor("", "web"), Actor("someone", "nowhere")])
def test_an_event_needs_an_actor_and_a_known_source(actor: Actor) -> None:
    with pytest.raises(IntegrityError):
        record("archived", actor=actor)


def test_events_come_newest_first_and_go_on_where_a_page_ended() -> None:
    for number in range(5):
        record(f"action {number}")
    first = queries.events_of("campaign", 7, limit=2)
    rest = queries.events_of("campaign", 7, limit=10, before_id=first[-1].id)
    assert [event.action for event in (*first, *rest)] == [f"action {n}" for n in (4, 3, 2, 1, 0)]
    assert queries.events_of("campaign", 8) == []


def test_an_object_that_gets_the_number_of_another_does_not_inherit_what_happened() -> None:
    record("archived")
    move_history(ACTOR, CAMPAIGN, Subject("campaign", 8, "Autumn"))
    assert [event.action for event in queries.events_of("campaign", 8)] == ["archived"]
    assert queries.events_of("campaign", 7) == []
    assert queries.latest_action("campaign", 7, "archived") is None
    assert queries.last_event_id("campaign", 7) == 0

    record("edited")
    move_history(ACTOR, CAMPAIGN, Subject("campaign", 9, "Winter"))
    assert [event.action for event in queries.events_of("campaign", 9)] == ["edited"]
