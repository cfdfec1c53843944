"""Yesterday's numbers: of that day where people work, once, to those who want them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.notices.conftest import NOW, Clock, Look
from tests.notices.servers import MailServer
from tests.support.statements import count_statements
from tests.support.threads import in_threads
from webapp.audit.service import Actor, Subject, record
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.notices import digest, jobs, kinds, service
from webapp.notices.models import Message
from webapp.sync.jobs import Work
from webapp.sync.models import BRAKED, FAILED

# In New York, where it is five hours earlier.
MIDNIGHT = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
PLACE = {"timezone": "America/New_York", "digest_hour": 6}


@pytest.fixture
def ana(app: Flask) -> Operator:
    """Somebody who wants it."""
    ana = factories.operator("viewer", email="ana@example.com")
    service.choose(Actor(ana.email, "web", ana.id), ana, {kinds.DIGEST: True})
    return ana


def happened(action: str, campaign: int, at: datetime, by: Operator | None = None) -> None:
    actor = Actor(by.email, "web", by.id) if by else Actor("Megaphone", "sync")
    record(actor, action, Subject("campaign", campaign, "Spring"), at=at)


def a_day(by: Operator) -> None:
    """What happened on 3 March in New York, with something just before and behind it."""
    ben = factories.operator(email="ben@example.com")
    for at in (MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(days=1)):
        happened("booked", 90, at, by)
    happened("booked", 1, MIDNIGHT, by)
    for campaign in (1, 2, 3):
        happened("edited", campaign, MIDNIGHT + timedelta(hours=1), ben)
    happened("edited", 3, MIDNIGHT + timedelta(hours=2), ben)
    happened("created", 1, MIDNIGHT + timedelta(hours=3))
    happened("confirmed", 2, MIDNIGHT + timedelta(hours=3))
    happened("refused", 3, MIDNIGHT + timedelta(hours=3))
    happened("conflict", 2, MIDNIGHT + timedelta(hours=23, minutes=59))
    for state in ("complete", "complete", FAILED, BRAKED):
        at = MIDNIGHT + timedelta(hours=4)
        factories.sync_run(state=state, requested_at=at, finished_at=at)
    late = MIDNIGHT + timedelta(days=1, minutes=1)
    factories.sync_run(requested_at=MIDNIGHT, finished_at=late)
    db.session.commit()


def test_the_numbers_are_those_of_the_day_where_people_work(ana: Operator, work: Work) -> None:
    a_day(ana)
    settings = work.settings.model_copy(update=PLACE)
    with count_statements() as statements:
        found = digest.numbers_of(settings, date(2026, 3, 3))

    assert found.campaigns == {
        "booked": 1,
        "edited": 3,
        "sent": 2,
        "refused": 1,
        "in conflict": 1,
    }
    assert found.people == [("ben@example.com", 3), ("ana@example.com", 1)]
    assert found.runs == {"braked": 1, "complete": 2, "failed": 1}
    assert len(statements) == 3


def test_a_day_on_which_the_clocks_change_has_its_own_length(work: Work) -> None:
    settings = work.settings.model_copy(update=PLACE)
    since, until = digest._bounds(settings, date(2026, 3, 8))

    assert until - since == timedelta(hours=23)


def test_it_is_sent_once_a_day_from_its_hour_on(
    ana: Operator, look: Look, clock: Clock, mails: MailServer
) -> None:
    factories.operator(email="never-asked@example.com")
    a_day(ana)
    settings = {**PLACE, "mail_url": mails.url, "base_url": "https://desk.example"}
    clock.later(hours=5, minutes=59)
    look(**settings)
    assert mails.messages == []
    for _ in range(3):
        look(**settings)

    (mail,) = mails.messages
    assert mails.recipients == ["ana@example.com"]
    assert mail["Subject"] == "[Flightdeck] 3 Mar 2026: 1 booked, 2 sent"
    text, html = [part.get_content() for part in mail.iter_parts()]
    assert text.startswith("Flightdeck on Tuesday, 3 March 2026\n\nCampaigns\n")
    assert "\n  booked              1\n  edited              3\n" in text
    assert "\n  ben@example.com: 3\n  ana@example.com: 1\n" in text
    assert "\n  complete            2\n" in text
    assert "https://desk.example/notices/choices" in text
    assert '<th scope="row" align="left">booked</th><td align="right">1</td>' in html
    assert 'href="https://desk.example/timeline"' in html

    clock.later(days=1)
    look(**settings)
    assert len(mails.messages) == 2


def test_a_day_without_anything_is_told_as_well(ana: Operator, look: Look, clock: Clock) -> None:
    clock.later(hours=3)
    look()

    body = db.session.scalars(select(Message.body)).one()
    assert "nobody" in body
    assert "<p>None.</p>" in body


def test_who_may_not_sign_in_any_more_gets_none(ana: Operator, look: Look, clock: Clock) -> None:
    ana.active = False
    clock.later(hours=3)
    look()

    assert db.session.scalars(select(Message)).all() == []


def test_workers_that_count_at_once_send_one(
    app: Flask, ana: Operator, work: Work, clock: Clock, mails: MailServer
) -> None:
    clock.later(hours=3)
    db.session.commit()
    work = replace(work, settings=work.settings.model_copy(update={"mail_url": mails.url}))

    def worker() -> None:
        with app.app_context():
            jobs.look(work)

    in_threads([worker] * 3)

    assert len(mails.messages) == 1


def test_what_was_sent_long_ago_is_forgotten(
    ana: Operator, look: Look, work: Work, clock: Clock
) -> None:
    clock.later(hours=3)
    look()
    clock.later(days=89)
    jobs.forget_old(work)
    assert db.session.scalars(select(Message)).one().created_at == NOW + timedelta(hours=3)
    clock.later(days=2)
    jobs.forget_old(work)

    assert db.session.scalars(select(Message)).all() == []
