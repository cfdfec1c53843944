"""The database itself refuses to change or to lose what was written down."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests.audit.past_events import do, happen, sealed
from webapp.audit import queries
from webapp.core.clock import utc_now
from webapp.core.db import transaction

pytestmark = pytest.mark.usefixtures("db_session")

CHANGES = (
    "UPDATE audit_event SET after = 'Winter'",
    "UPDATE audit_event SET id = id + 100",
    "DELETE FROM audit_event",
    "UPDATE audit_seal SET digest = 'x'",
    "UPDATE audit_seal SET pruned_at = made_at",
    "DELETE FROM audit_seal",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_nothing_is_changed_or_deleted(statement: str) -> None:
    happen(2)
    sealed()
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        do(statement)
    assert len(queries.events_of("campaign", 7)) == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
def test_it_is_not_emptied_at_once(table: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        do(f"TRUNCATE {table}")


def test_a_seal_is_marked_as_pruned_after_its_time_only_and_once() -> None:
    happen()
    made = sealed(now=utc_now() - timedelta(minutes=1)).made_at
    mark = "UPDATE audit_seal SET pruned_at = :at"
    as_kept = {"at": (made + timedelta(days=399, hours=23)).replace(tzinfo=None)}
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        do(mark, **as_kept)


def test_what_no_seal_covers_is_not_deleted_where_others_were_pruned() -> None:
    then = utc_now() - timedelta(days=500)
    happen(ago=timedelta(days=501))
    first = sealed(now=then)
    happen()
    with transaction():
        do("UPDATE audit_seal SET pruned_at = :at", at=utc_now().replace(tzinfo=None))
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        do("DELETE FROM audit_event")
    with transaction():
        do("DELETE FROM audit_event WHERE id <= :id", id=first.last_id)
    assert len(queries.events_of("campaign", 7)) == 1
