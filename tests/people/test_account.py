"""The account: where somebody is signed in, signing out elsewhere, and another password."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.people.told import told
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from tests.support.threads import in_threads
from webapp.audit.service import Actor
from webapp.auth import passwords, sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.people import account as service
from webapp.people.agents import browser

NEW = "a walk along the river"
CHANGE, OTHERS, ONE = "Change the password", "Sign out everywhere else", "Sign it out"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def is_in(client: Client) -> bool:
    return client.get("/campaigns").status_code == 200


def account(client: Client) -> Page:
    return get_page(client, "/account")


def change(client: Client, status: int = 200, **typed: str) -> Page:
    fields = {"current": factories.PASSWORD, "new": NEW, "repeated": NEW} | typed
    return get_page(client, "/account/password").submit(CHANGE, fields, status=status)


def test_the_account_says_who_one_is_and_leads_on(
    manager_client: Client, manager: Operator
) -> None:
    page = get_page(manager_client, get_page(manager_client, "/campaigns").links["Account"])
    assert manager.email in page.main.text
    assert "Role Manager" in page.main.text
    for link in (CHANGE, "Look at the second factor", "Your tokens", "What each role may"):
        assert get_page(manager_client, page.links[link])


def test_every_browser_is_listed_with_where_and_when_and_this_one_marked(
    manager_client: Client, manager: Operator
) -> None:
    sessions.begin(manager, address="192.0.2.7", agent=FIREFOX, now=utc_now() - timedelta(hours=2))
    row = db.session.query(OperatorSession).filter_by(address="192.0.2.7").one()
    row.last_seen_at = utc_now() - timedelta(minutes=10)
    expired = utc_now() - timedelta(hours=1)
    sessions.begin(manager, address="192.0.2.8", agent="gone", now=expired)
    sessions.begin(factories.operator(), address="192.0.2.9", agent="theirs", now=utc_now())

    rows = [row.text for row in account(manager_client).main.all("tbody")[0].all("tr")]
    assert len(rows) == 2
    here, there = rows
    assert "This browser" in here
    assert "127.0.0.1" in here
    assert there.startswith("Firefox on Linux")
    assert "192.0.2.7" in there
    assert "2 h ago" in there
    assert "10 min ago" in there


def test_another_browser_is_signed_out_and_it_is_told(
    manager_client: Client, other: Client, manager: Operator
) -> None:
    signed_in(other, manager)
    page = account(manager_client).submit(ONE)

    assert "That browser is signed out" in page.notices
    assert (is_in(manager_client), is_in(other)) == (True, False)
    assert told() == [(manager.email, "session ended", manager.email, None, None)]


def test_a_browser_signed_out_twice_is_told_once(
    manager_client: Client, other: Client, manager: Operator
) -> None:
    signed_in(other, manager)
    page = account(manager_client)
    page.submit(ONE)
    assert "had ended already" in page.submit(ONE).notices
    assert len(told()) == 1


def test_nobody_signs_out_another_persons_browser(
    manager_client: Client, other: Client, viewer: Operator
) -> None:
    signed_in(other, viewer)
    token = account(manager_client).form("Sign out").values
    theirs = sessions.list_of(viewer.id)[0].id

    answer = manager_client.post(f"/account/sessions/{theirs}/end", data=token)
    assert answer.status_code == 404
    assert is_in(other)
    assert told() == []


def test_this_browser_is_left_by_signing_out(manager_client: Client, manager: Operator) -> None:
    page = account(manager_client)
    here = sessions.list_of(manager.id)[0].id
    data = page.form("Sign out").values
    manager_client.post(f"/account/sessions/{here}/end", data=data)
    assert is_in(manager_client)
    assert told() == []


def test_all_others_are_signed_out_at_once(
    manager_client: Client, other: Client, manager: Operator, viewer: Operator
) -> None:
    signed_in(other, manager)
    sessions.begin(manager, address="192.0.2.7", agent=FIREFOX, now=utc_now())
    theirs = signed_in(other.application.test_client(), viewer)
    page = account(manager_client).submit(OTHERS)

    assert "2 other browsers are signed out" in page.notices
    assert OTHERS not in page.main.text
    assert (is_in(manager_client), is_in(other), is_in(theirs)) == (True, False, True)
    assert told() == [(manager.email, "other sessions ended", manager.email, None, None)]


def test_signing_out_all_others_asks_for_the_password_when_it_was_typed_long_ago(
    manager_client: Client, other: Client, manager: Operator
) -> None:
    signed_in(other, manager)
    row = sessions.list_of(manager.id)[-1]
    row.confirmed_at = utc_now() - sessions.FRESH
    form = account(manager_client).form(OTHERS)
    where = {"Referer": "http://localhost/account"}
    asked = manager_client.post(form.action, data=form.values, headers=where)

    page = get_page(manager_client, asked.headers["Location"])
    assert page.h1 == "Is it you?"
    assert "Nothing was done yet" in page.notices
    assert is_in(other)
    page = page.submit("Go on", {"password": factories.PASSWORD})
    assert page.h1 == "Account"
    assert "1 other browser is signed out" in page.submit(OTHERS).notices


def test_another_password_signs_out_every_other_browser_and_gives_this_one_a_new_session(
    manager_client: Client, other: Client, manager: Operator
) -> None:
    signed_in(other, manager)
    before = {row.id for row in sessions.list_of(manager.id)}
    page = change(manager_client)

    assert page.h1 == "Account"
    assert "Your password is changed" in page.notices
    assert (is_in(manager_client), is_in(other)) == (True, False)
    db.session.refresh(manager)
    assert passwords.fits(manager.password_hash, NEW)
    assert manager.password_set_at is not None
    assert not before & {row.id for row in sessions.list_of(manager.id)}
    assert told() == [(manager.email, "password changed", manager.email, None, None)]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"current": "not the password"}, "current"),
        ({"current": ""}, "current"),
        ({"new": "short", "repeated": "short"}, "new"),
        ({"new": "qwertyuiop123456", "repeated": "qwertyuiop123456"}, "new"),
        ({"new": "manager@example.com", "repeated": "manager@example.com"}, "new"),
        ({"new": factories.PASSWORD, "repeated": factories.PASSWORD}, "new"),
        ({"repeated": ""}, "repeated"),
        ({"repeated": "another walk along the river"}, "repeated"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_and_nothing_is_changed(
    manager_client: Client, other: Client, manager: Operator, typed, field: str
) -> None:
    signed_in(other, manager)
    page = change(manager_client, status=422, **typed)

    assert list(page.errors) == [field]
    assert NEW not in page.html
    assert factories.PASSWORD not in page.html
    assert is_in(other)
    db.session.refresh(manager)
    assert passwords.fits(manager.password_hash, factories.PASSWORD)
    assert told() == []


def test_the_same_form_sent_twice_changes_the_password_once(
    manager_client: Client, manager: Operator
) -> None:
    form = get_page(manager_client, "/account/password").form(CHANGE)
    data = {**form.values, "current": factories.PASSWORD, "new": NEW, "repeated": NEW}
    manager_client.post(form.action, data=data)
    again = manager_client.post(form.action, data=data)

    # Its token belongs to the session that has ended.
    assert again.status_code == 400
    assert len(told()) == 1


def test_of_two_changes_at_the_same_moment_one_wins(app: Flask, manager: Operator) -> None:
    sessions.begin(manager, address="x", agent="x", now=utc_now())
    number, here = manager.id, sessions.list_of(manager.id)[0].id
    db.session.commit()

    def change_to(digest: str) -> str | None:
        who, row = db.session.get_one(Operator, number), db.session.get_one(OperatorSession, here)
        service.change_password(Actor("jo", "web"), who, row, digest)
        return digest

    def changing(digest: str) -> str | None:
        with app.app_context():
            try:
                with transaction():
                    return change_to(digest)
            except TooLate:
                return None

    done = in_threads([partial(changing, str(name)) for name in range(4)])
    won = [digest for digest in done if digest]
    db.session.rollback()
    assert won == [db.session.get_one(Operator, number).password_hash]
    assert len(told()) == 1


def test_five_wrong_passwords_end_the_session(manager_client: Client, manager: Operator) -> None:
    for _ in range(4):
        change(manager_client, status=422, current="not the password")
    page = change(manager_client, current="not the password")

    assert page.h1 == "Sign in"
    assert "you are signed out" in page.notices
    assert not is_in(manager_client)


def test_wrong_passwords_of_long_ago_do_not_count(
    manager_client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(4):
            change(manager_client, status=422, current="not the password")
        clock.shift(timedelta(minutes=16))
        change(manager_client, status=422, current="not the password")
        assert is_in(manager_client)


def test_an_account_without_a_password_offers_none_to_change(
    manager_client: Client, manager: Operator
) -> None:
    manager.password_hash = passwords.NONE
    page = account(manager_client)
    assert "you sign in elsewhere" in page.main.text
    assert CHANGE not in page.links


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/140 Safari/5 Edg/140",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari on Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Safari/604", "Safari on iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit Chrome/140 Mobile Safari/5",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown"),
        ("<script>alert(1)</script>" * 9, ("<script>alert(1)</script>" * 9)[:40]),
    ],
)
def test_a_browser_has_a_name_its_owner_knows(agent: str, words: str) -> None:
    assert browser(agent) == words


def test_what_a_browser_says_of_itself_is_only_text(
    manager_client: Client, manager: Operator
) -> None:
    sessions.begin(manager, address="x", agent="<script>alert(1)</script>", now=utc_now())
    assert "<script>alert(1)" not in account(manager_client).html
    assert db.session.query(OperatorSession).count() == 2
