"""Who is told what: in one message, once, by those who chose it, and later that it is over."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.notices.conftest import NOW, Clock, Look
from tests.notices.servers import HookServer, MailServer
from tests.support.threads import in_threads
from webapp.auth.models import Operator
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.notices import jobs, kinds, service
from webapp.notices.models import Message, Notice
from webapp.notices.service import Actor
from webapp.sync.jobs import Work
from webapp.sync.models import FAILED

ADDRESS = "https://desk.example/flightdeck"


@pytest.fixture
def ana(app: Flask) -> Operator:
    return factories.operator("manager", email="ana@example.com")


def hold(connection: Connection, clock: Clock) -> None:
    connection.held_at, connection.held_by = clock(), "ben@example.com"


def choose(who: Operator, wanted: Iterable[str]) -> None:
    choices = {kind: kind in wanted for kind in (*kinds.NAMES, kinds.DIGEST)}
    service.choose(Actor(who.email, "web", who.id), who, choices)


def messages() -> list[Message]:
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def text_of(message: Message) -> str:
    text: str = json.loads(message.body)["text"]
    return text


@pytest.mark.usefixtures("ana")
def test_all_that_opens_within_five_minutes_comes_in_one_mail(
    connection: Connection, look: Look, clock: Clock, mails: MailServer
) -> None:
    settings = {"mail_url": mails.url, "base_url": ADDRESS}
    hold(connection, clock)
    look(**settings)
    for _ in range(3):
        look(**settings)
    factories.sync_run(connection_id=connection.id, state=FAILED)
    look(**settings)
    assert mails.messages == []
    for _ in range(10):
        look(**settings)

    (mail,) = mails.messages
    assert mails.recipients == ["ana@example.com"]
    assert (mail["To"], mail["From"]) == ("ana@example.com", "flightdeck@example.com")
    assert mail["Subject"] == "[Flightdeck] 2 matters"
    assert mail["Message-ID"].endswith("@example.com>")
    text = mail.get_content()
    assert text.startswith("This needs someone:\n")
    assert "Sending paused by someone: All sending to Megaphone is paused by ben@exa" in text
    assert "Since 4 Mar 05:00 UTC." in text
    assert f"\n{ADDRESS}/connections/{connection.id}\n" in text
    assert f"\n{ADDRESS}/sync/" in text
    assert f"{ADDRESS}/notices\n" in text


@pytest.mark.usefixtures("ana")
def test_that_it_is_over_is_told_once_to_who_was_told_of_it(
    connection: Connection, look: Look, clock: Clock, mails: MailServer
) -> None:
    ben = factories.operator("manager", email="ben@example.com")
    choose(ben, [])
    hold(connection, clock)
    for _ in range(7):
        look(mail_url=mails.url)
    choose(ben, kinds.NAMES)
    # Weeks later.
    clock.later(days=20)
    connection.held_at = None
    for _ in range(3):
        look(mail_url=mails.url, sync_interval_minutes=1440)

    assert mails.recipients == ["ana@example.com"] * 2
    opened, over = mails.messages
    assert opened["Subject"] == "[Flightdeck] All sending to Megaphone is paused by ben@example.com"
    assert (
        over["Subject"].strip().startswith("[Flightdeck] Over: All sending to Megaphone is paused")
    )
    assert over.get_content().startswith("This is over:\n")


@pytest.mark.usefixtures("ana")
def test_of_what_was_over_before_it_was_told_nothing_is_said(
    connection: Connection, look: Look, clock: Clock
) -> None:
    hold(connection, clock)
    look()
    connection.held_at = None
    for _ in range(10):
        look()

    assert messages() == []
    assert db.session.scalars(select(Notice.closed_at).where(Notice.kind == kinds.HELD)).one()


def test_each_person_hears_of_what_they_chose(
    ana: Operator, connection: Connection, look: Look, clock: Clock
) -> None:
    eve = factories.operator("viewer", email="eve@example.com")
    factories.operator("viewer", email="never-asked@example.com")
    factories.operator("manager", email="gone@example.com", active=False)
    choose(ana, [kinds.FAILING])
    choose(eve, [kinds.HELD])
    hold(connection, clock)
    factories.sync_run(connection_id=connection.id, state=FAILED)
    for _ in range(7):
        look()

    told = {message.recipient: text_of(message) for message in messages()}
    assert set(told) == {"ana@example.com", "eve@example.com"}
    assert "did not come through" in told["ana@example.com"]
    assert "All sending" not in told["ana@example.com"]
    assert "did not come through" not in told["eve@example.com"]


def test_who_chooses_it_later_hears_of_what_is_new_without_a_message_twice(
    ana: Operator, connection: Connection, look: Look, clock: Clock
) -> None:
    choose(ana, [kinds.FAILING])
    hold(connection, clock)
    factories.sync_run(connection_id=connection.id, state=FAILED)
    for _ in range(7):
        look()
    choose(ana, kinds.NAMES)
    for _ in range(3):
        look()

    first, second = messages()
    assert "did not come through" in first.subject
    assert "All sending" in second.subject


@pytest.mark.usefixtures("ana")
def test_what_is_open_for_long_is_no_news(
    connection: Connection, work: Work, look: Look, clock: Clock
) -> None:
    hold(connection, clock)
    look()
    notice = db.session.scalars(select(Notice).where(Notice.kind == kinds.HELD)).one()
    notice.opened_at = NOW - timedelta(hours=3)
    for _ in range(7):
        look()

    assert messages() == []


@pytest.mark.usefixtures("ana")
def test_two_workers_that_look_at_once_open_tell_and_send_once(
    app: Flask, connection: Connection, work: Work, clock: Clock, mails: MailServer
) -> None:
    hold(connection, clock)
    db.session.commit()
    url = {"mail_url": mails.url}
    work = replace(work, settings=work.settings.model_copy(update=url))

    def worker() -> None:
        with app.app_context():
            jobs.look(work)

    for _ in range(8):
        in_threads([worker] * 3)
        clock.later(minutes=1)
    db.session.rollback()

    assert len(db.session.scalars(select(Notice).where(Notice.kind == kinds.HELD)).all()) == 1
    assert len(messages()) == len(mails.messages) == 1


@pytest.mark.usefixtures("ana")
def test_the_webhook_is_told_what_opens_and_what_is_over(
    connection: Connection, look: Look, clock: Clock, hook: HookServer
) -> None:
    settings = {"webhook_url": hook.url, "webhook_secret": hook.url, "base_url": ADDRESS}
    hold(connection, clock)
    for _ in range(8):
        look(**settings)
    connection.held_at = None
    look(**settings)

    opened, over = [json.loads(body) for _, body in hook.calls]
    assert (opened["event"], over["event"]) == ("open", "over")
    (notice,) = opened["notices"]
    assert notice == over["notices"][0]
    assert notice["kind"] == "held"
    assert notice["link"] == f"{ADDRESS}/connections/{connection.id}"
    assert notice["opened_at"] == NOW.isoformat()
