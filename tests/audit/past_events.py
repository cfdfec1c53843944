"""Events of some time ago, sealed; and someone with the database's own tools."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import text

from tests.factories import ACTOR
from webapp.audit import seals, service
from webapp.audit.models import AuditSeal
from webapp.audit.service import FieldChange, Subject
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

CAMPAIGN = Subject("campaign", 7, "Spring")


def happen(count: int = 1, *, ago: timedelta = timedelta(minutes=5)) -> None:
    """So many events, committed, that long ago."""
    with transaction():
        for number in range(count):
            change = FieldChange("title", str(number), f"{number} é “x”")
            service.record(ACTOR, "edited", CAMPAIGN, [change], at=utc_now() - ago)


def sealed(now: datetime | None = None) -> AuditSeal:
    """The next seal, which is there to be made."""
    with transaction():
        made = seals.seal(now or utc_now())
        assert made
    return made


@contextmanager
def behind_its_back() -> Iterator[None]:
    """What is done inside no trigger sees: as someone does it who may do anything."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        with transaction():
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
            yield
        return
    query = text(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
    )
    with transaction():
        triggers = db.session.execute(query).all()
        for name, _ in triggers:
            db.session.execute(text(f'DROP TRIGGER "{name}"'))
        yield
        for _, sql in triggers:
            db.session.execute(text(sql))


def do(statement: str, **values: object) -> None:
    db.session.execute(text(statement), values)
