"""The tally of campaigns in operation: restored, examined, and put together by the worker."""

from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import delete, select, text

from tests import factories
from webapp.campaigns import tally
from webapp.campaigns.models import Campaign
from webapp.campaigns.tally import CampaignTally
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops.backup import back_up
from webapp.ops.doctor import database
from webapp.ops.doctor.findings import BROKEN, OK, Finding
from webapp.ops.restore import restore
from webapp.worker import Worker

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
FIX = "SELECT campaign_tally_anew()"


@pytest.fixture
def filled(app: Flask) -> Flask:
    """Nine campaigns, two of them archived."""
    with transaction():
        factories.campaigns(7)
        factories.campaigns(2, archived_at=utc_now())
    return app


def examined(settings: Settings) -> Finding:
    db.session.rollback()
    (found,) = [each for each in database.examine(settings, utc_now()) if each.part == "tally"]
    return found


def test_a_restored_database_keeps_the_right_count_and_goes_on(
    filled: Flask, settings: Settings, tmp_path: Path
) -> None:
    made = back_up(settings.sqlalchemy_url, tmp_path, utc_now()).path
    with transaction():
        factories.campaigns(5)
        db.session.execute(delete(Campaign).where(Campaign.archived_at.is_not(None)))

    restore(factories.ACTOR, made, utc_now())

    assert kept() == (9, 2)
    assert examined(settings).verdict == OK
    with transaction():
        factories.campaigns(3, archived_at=utc_now())
    assert kept() == (12, 5)


def test_a_backup_from_before_it_was_kept_is_counted_when_it_is_restored(
    filled: Flask, settings: Settings, tmp_path: Path
) -> None:
    db.session.remove()
    flask_migrate.downgrade(revision="0013")
    made = back_up(settings.sqlalchemy_url, tmp_path, utc_now()).path
    restore(factories.ACTOR, made, utc_now())
    assert kept() == (9, 2)


def kept() -> tuple[int, ...]:
    numbers = [tally.number_in(archived) for archived in ("any", "yes")]
    found = tuple(db.session.execute(select(*numbers)).one())
    db.session.rollback()
    return found


def test_the_doctor_finds_other_numbers_and_says_what_mends_them(
    filled: Flask, settings: Settings
) -> None:
    assert examined(settings).verdict == OK
    with transaction():
        db.session.add(CampaignTally(campaigns=1_000, archived=1))

    found = examined(settings)
    assert found.verdict == BROKEN
    assert "1,009 campaigns, 3 of them archived; there are 9 and 2" in found.words
    assert found.fix.endswith(FIX)

    with transaction():
        db.session.execute(text(FIX))
    assert examined(settings).verdict == OK


def test_the_doctor_misses_what_keeps_it(filled: Flask, settings: Settings) -> None:
    with transaction():
        db.session.execute(text("ALTER TRIGGER campaign_tally_update ON campaign RENAME TO other"))
    found = {each.part: each for each in database.examine(settings, utc_now())}
    with transaction():
        db.session.execute(text("ALTER TRIGGER other ON campaign RENAME TO campaign_tally_update"))

    assert found["triggers"].verdict == BROKEN
    assert "campaign_tally_update" in found["triggers"].words
    assert "tally" not in found


def test_the_worker_puts_it_together(filled: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MANY", 2)
    worker = Worker(filled)
    assert worker.lead.take() is True
    worker._scheduler().get_job("tally").func()
    assert rows() == 1
    assert kept() == (9, 2)


def rows() -> int:
    found = len(db.session.scalars(select(CampaignTally.id)).all())
    db.session.rollback()
    return found
