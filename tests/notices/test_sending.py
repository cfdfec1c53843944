"""Sending: encrypted or on this machine, signed, again when it failed, and by one worker."""

import hashlib
import hmac
import json
import logging
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from tests.core.test_outgoing import certificate
from tests.notices.conftest import NOW, Clock, Look
from tests.notices.servers import HookServer, MailServer, free_port, mail_server
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.threads import in_threads
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.notices import mail, sending, webhook
from webapp.notices.mail import Mail, Undelivered
from webapp.notices.models import Message
from webapp.notices.telling import MAIL, WEBHOOK
from webapp.sync.jobs import Work

SECRET = SecretStr("a secret of the webhook")
LETTER = Mail("key", "ana@example.com", "Subject", "Text.\n.\nEnd.\n", None, NOW)


def message(key: str = "open-1", channel: str = MAIL, **values: object) -> Message:
    body = {"notices": [1], "text": "Text.\n", "html": "<p>Text.</p>"}
    defaults: dict[str, object] = {
        "key": key,
        "channel": channel,
        "recipient": "ana@example.com",
        "subject": "Subject",
        "body": json.dumps(body),
        "created_at": NOW,
        "due_at": NOW,
        "attempts": 0,
    }
    row = Message(**defaults | values)
    db.session.add(row)
    db.session.commit()
    return row


def again(row: Message) -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).where(Message.key == row.key)).one()


def test_without_a_mail_server_messages_are_written_to_the_log(
    look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    row = message()
    with caplog.at_level(logging.INFO):
        look()

    assert again(row).sent_at == NOW
    assert any("Text." in str(record.msg) for record in caplog.records)


def test_a_mail_has_its_parts_and_comes_as_it_was_written(look: Look, mails: MailServer) -> None:
    message()
    look(mail_url=mails.url)

    (found,) = mails.messages
    text, html = found.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert (text.get_content(), html.get_content()) == ("Text.\n", "<p>Text.</p>\n")
    assert found["Auto-Submitted"] == "auto-generated"


def test_what_a_subject_holds_adds_no_header(look: Look, mails: MailServer) -> None:
    message(subject="Hello\r\nBcc: eve@example.com")
    look(mail_url=mails.url)

    assert mails.recipients == ["ana@example.com"]
    assert mails.messages[0]["Bcc"] is None


def test_a_mail_is_encrypted_and_signed_in_where_the_server_asks(
    app: Flask, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(mine))
    for scheme in ("smtp", "smtps"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(mine)
        with mail_server(context=context, scheme=scheme) as server:
            url = SecretStr(f"{scheme}://ana%40desk:pass%3Aword@localhost:{server.port}")
            mail.send(work.settings.model_copy(update={"mail_url": url}), LETTER)

        assert server.encrypted
        assert server.messages[0].get_content() == LETTER.text
        assert server.logins == ["AGFuYUBkZXNrAHBhc3M6d29yZA=="]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    app: Flask, work: Work, tmp_path: Path, scheme: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "localhost"))
    with mail_server(context=context, scheme=scheme) as server:
        settings = work.settings.model_copy(update={"mail_url": server.url})
        with pytest.raises(Undelivered, match="certificate or encryption is not valid"):
            mail.send(settings, LETTER)

    assert server.messages == []


def test_elsewhere_nothing_is_sent_without_encryption(
    app: Flask, work: Work, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.notices.mail.is_loopback", lambda _host: False)
    with pytest.raises(Undelivered, match="encryption"):
        mail.send(work.settings.model_copy(update={"mail_url": mails.url}), LETTER)


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("RCPT", "550 canary no such user", "The mail server refused the recipient (550)."),
        ("MAIL", "451 canary later", "The mail server answered 451."),
        ("DATA", "554 canary no", "The mail server answered 554."),
        ("EHLO", "", "The mail server did not answer, or broke off the connection."),
        ("AUTH", "535 canary", "The mail server refused the user name and password."),
    ],
)
def test_what_a_mail_server_refuses_is_said_without_its_words(
    command: str, answer: str, reason: str, app: Flask, work: Work, mails: MailServer
) -> None:
    mails.answers[command] = answer
    url = SecretStr(f"smtp://user:canary-password@127.0.0.1:{mails.port}")
    with pytest.raises(Undelivered) as caught:
        mail.send(work.settings.model_copy(update={"mail_url": url}), LETTER)

    assert str(caught.value) == reason


def test_a_mail_server_that_is_silent_is_not_waited_for_long(
    app: Flask, work: Work, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    # Says that it is ready to go on, and nothing more.
    mails.answers["MAIL"] = "250-ok"
    with pytest.raises(Undelivered, match="did not answer, or broke off"):
        mail.send(work.settings.model_copy(update={"mail_url": mails.url}), LETTER)


def test_what_failed_is_tried_again_later_and_later_and_given_up_after_a_day(
    work: Work, clock: Clock, client: Client, manager: Operator
) -> None:
    row = message()
    nowhere = SecretStr(f"smtp://127.0.0.1:{free_port()}")
    settings = work.settings.model_copy(update={"mail_url": nowhere})
    tried = []
    while not again(row).given_up_at:
        clock.later(seconds=(again(row).due_at - clock()).total_seconds())
        sending.send_due(settings, clock, lambda: True)
        tried.append(clock() - NOW)

    assert tried[:5] == [timedelta(minutes=n) for n in (0, 1, 6, 21, 81)]
    assert timedelta(days=1) <= tried[-1] < timedelta(days=1, hours=3)
    assert again(row).problem == "The mail server could not be reached."
    shown = get_page(signed_in(client, manager), "/notices").text
    assert "Not delivered" in shown
    assert "The mail server could not be reached." in shown


def test_what_went_out_at_last_is_not_sent_again(
    look: Look, clock: Clock, mails: MailServer
) -> None:
    row = message()
    mails.answers["RCPT"] = "450 later"
    look(mail_url=mails.url)
    assert again(row).problem
    del mails.answers["RCPT"]
    for _ in range(5):
        look(mail_url=mails.url)

    assert len(mails.messages) == 1
    assert again(row).problem is None
    assert again(row).attempts == 2


def test_a_server_that_is_away_is_asked_once_in_a_look(
    look: Look, hook: HookServer, clock: Clock
) -> None:
    first, second, third = message("a"), message("b"), message("c", WEBHOOK)
    nowhere = SecretStr(f"smtp://127.0.0.1:{free_port()}")
    look(mail_url=nowhere, webhook_url=hook.url, webhook_secret=SECRET)

    assert [again(row).attempts for row in (first, second, third)] == [1, 0, 1]
    assert again(third).sent_at == NOW


def test_a_worker_that_stops_sends_no_more(work: Work, mails: MailServer) -> None:
    row = message()
    settings = work.settings.model_copy(update={"mail_url": mails.url})
    sending.send_due(settings, work.clock, lambda: False)

    assert again(row).attempts == 0


def test_workers_that_send_at_once_send_each_message_once(
    app: Flask, work: Work, mails: MailServer
) -> None:
    for number in range(12):
        message(f"key-{number}")
    settings = work.settings.model_copy(update={"mail_url": mails.url})

    def worker() -> None:
        with app.app_context():
            sending.send_due(settings, work.clock, lambda: True)

    in_threads([worker] * 4)

    ids = [found["Message-ID"] for found in mails.messages]
    assert len(ids) == len(set(ids)) == 12


def test_a_call_is_signed_with_its_moment(look: Look, hook: HookServer, clock: Clock) -> None:
    row = message(channel=WEBHOOK)
    look(webhook_url=hook.url, webhook_secret=SECRET)

    ((headers, body),) = hook.calls
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Flightdeck-Id"] == row.key
    moment, signed = headers["X-Flightdeck-Signature"].split(",")
    assert moment == f"t={int(NOW.timestamp())}"
    content = f"{int(NOW.timestamp())}.".encode() + body
    expected = hmac.new(SECRET.get_secret_value().encode(), content, hashlib.sha256).hexdigest()
    assert signed == f"v1={expected}"


@pytest.mark.parametrize("status", [301, 400, 410, 429, 500, 503])
def test_a_webhook_that_does_not_take_it_is_called_again(
    status: int, look: Look, hook: HookServer
) -> None:
    row = message(channel=WEBHOOK)
    hook.statuses = [status, 204]
    look(webhook_url=hook.url, webhook_secret=SECRET)
    assert again(row).problem == f"The webhook answered {status}."
    for _ in range(3):
        look(webhook_url=hook.url, webhook_secret=SECRET)

    assert again(row).sent_at
    # The same both times, by which its reader tells that it was told already.
    assert [headers["X-Flightdeck-Id"] for headers, _ in hook.calls] == [row.key] * 2


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/in", "The webhook could not be reached: the connection was"),
        ("https://10.0.0.1/in", "The webhook was not called: its name stands for an address"),
        ("https://no-such-host.invalid/in", "The webhook could not be reached: its name was not"),
    ],
)
def test_why_a_webhook_was_not_called_is_said(
    url: str, reason: str, app: Flask, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = SecretStr(url.format(port=free_port()))
    changed = {"webhook_url": address, "webhook_secret": SECRET}
    settings = work.settings.model_copy(update=changed)
    if "10.0.0.1" in url:
        found = [(0, 0, 0, "", ("10.0.0.1", 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: found)
    with pytest.raises(Undelivered) as caught:
        webhook.send(settings, "key", "{}", NOW)

    assert str(caught.value).startswith(reason)


def test_a_webhook_that_was_taken_out_of_the_settings_is_not_called(look: Look, work: Work) -> None:
    row = message(channel=WEBHOOK)
    sending.send_due(replace(work).settings, work.clock, lambda: True)

    assert again(row).problem == "No webhook is set any more."
