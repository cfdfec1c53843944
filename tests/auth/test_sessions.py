"""Sessions: how long they last, what ends them, and that nobody gets one but by signing in."""

from datetime import timedelta

import pytest
import structlog
import time_machine
from flask import Flask

from tests import factories
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from tests.support.threads import in_threads
from webapp.auth import jobs, service, sessions, throttle
from webapp.auth.models import Operator, OperatorSession, SignInThrottle
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

COOKIE = "flightdeck"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
UNATTENDED = {"X-Unattended": "1"}


def is_in(client: Client) -> bool:
    return client.get("/campaigns").status_code == 200


def row() -> OperatorSession:
    """The only one, as it is in the database."""
    db.session.commit()
    return db.session.query(OperatorSession).one()


def cookie(client: Client) -> str:
    found = client.get_cookie(COOKIE)
    return found.value if found else ""


def sign_in(client: Client, operator: Operator) -> None:
    typed = {"email": operator.email, "password": factories.PASSWORD}
    get_page(client, "/sign-in").submit("Sign in", typed)


def test_half_an_hour_without_asking_for_anything_ends_a_session(
    client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        clock.shift(sessions.IDLE - SECOND)
        assert is_in(client)
        clock.shift(sessions.IDLE)
        assert not is_in(client)
        clock.shift(-MINUTE)
        assert is_in(client)


def test_twelve_hours_end_a_session_however_busy_it_is(client: Client, manager: Operator) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        for _ in range(35):
            clock.shift(20 * MINUTE)
            assert is_in(client)
        clock.shift(20 * MINUTE)
        assert not is_in(client)


def test_that_something_was_asked_is_written_at_most_once_a_minute(
    client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        begun = row().last_seen_at
        clock.shift(MINUTE - SECOND)
        with count_statements() as statements:
            is_in(client)
        assert written(statements) == []
        assert row().last_seen_at == begun

        clock.shift(SECOND)
        with count_statements() as statements:
            is_in(client)
        assert [text.split()[:2] for text in written(statements)] == [
            ["UPDATE", "operator_session"]
        ]
        assert row().last_seen_at == utc_now()


def test_who_is_signed_in_costs_one_statement(manager_client: Client) -> None:
    with count_statements() as statements:
        manager_client.get("/session", headers=UNATTENDED)
    assert len(statements) == 1


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        for _ in range(3):
            clock.shift(10 * MINUTE - SECOND)
            assert client.get("/campaigns", headers=UNATTENDED).status_code == 200
            assert client.get("/session", headers=UNATTENDED).status_code == 200
        clock.shift(3 * SECOND)
        assert not is_in(client)


def test_how_long_is_left_is_told_without_making_it_longer(
    client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        clock.shift(26 * MINUTE)
        for _ in range(2):
            answer = client.get("/session", headers=UNATTENDED)
            assert answer.json == {"seconds": 240, "can_stay": True}

        # A page that is drawn says how long it lasts from then on.
        left = get_page(client, "/campaigns").root.one("aside", id="session")["data-left"]
        assert left == "1800"


def test_whoever_stays_has_half_an_hour_more(client: Client, manager: Operator) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        signed_in(client, manager)
        form = get_page(client, "/campaigns").form("Stay signed in")
        clock.shift(29 * MINUTE)
        answer = client.post(form.action, data=form.values)
        assert answer.json == {"seconds": 1800, "can_stay": True}
        clock.shift(29 * MINUTE)
        assert is_in(client)


def test_nobody_stays_beyond_twelve_hours(client: Client, manager: Operator) -> None:
    signed_in(client, manager)
    row().created_at = utc_now() - sessions.ABSOLUTE + 4 * MINUTE
    form = get_page(client, "/campaigns").form("Stay signed in")
    answer = client.post(form.action, data=form.values)

    assert answer.json is not None
    assert answer.json["can_stay"] is False
    assert 200 < answer.json["seconds"] <= 240


def test_the_cookie_of_an_ended_session_opens_nothing(client: Client, manager: Operator) -> None:
    signed_in(client, manager)
    get_page(client, "/campaigns").form("Sign out")
    kept = cookie(client)
    get_page(client, "/campaigns").submit("Sign out")

    client.set_cookie(COOKIE, kept)
    assert not is_in(client)
    assert row().ended_at is not None


def test_a_cookie_whose_session_is_gone_opens_nothing(client: Client, manager: Operator) -> None:
    signed_in(client, manager)
    assert is_in(client)
    db.session.delete(row())
    assert not is_in(client)


def test_the_operator_s_number_in_a_cookie_opens_nothing(client: Client, manager: Operator) -> None:
    number = str(manager.id)
    with client.session_transaction() as session:
        session["_user_id"] = number
    assert not is_in(client)


def test_whoever_signs_in_gets_a_new_id_and_nothing_of_what_the_cookie_said(
    client: Client, manager: Operator
) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["_user_id"] = "chosen by somebody else"
        session["csrf_token"] = "chosen by somebody else"
    planted = cookie(client)
    sign_in(client, manager)

    with client.session_transaction() as session:
        assert "planted" not in session
        assert "chosen" not in str(dict(session))
        secret = session["_user_id"]
    assert len(secret) > 40
    assert sessions.find(secret, utc_now())
    # Whoever planted the cookie is not signed in by it.
    client.set_cookie(COOKIE, planted)
    assert not is_in(client)


def test_each_sign_in_has_an_id_of_its_own(client: Client, manager: Operator) -> None:
    secrets = set()
    for _ in range(2):
        sign_in(client, manager)
        with client.session_transaction() as session:
            secrets.add(session["_user_id"])
        client.delete_cookie(COOKIE)
    assert len(secrets) == 2


def test_a_form_can_be_sent_right_after_signing_in(client: Client, manager: Operator) -> None:
    sign_in(client, manager)
    assert get_page(client, "/campaigns").submit("Sign out").h1 == "Sign in"


def test_the_database_holds_no_id_that_a_cookie_holds(client: Client, manager: Operator) -> None:
    secret = sessions.begin(manager, address="192.0.2.1", agent="x" * 900, now=utc_now())
    kept = row()
    assert secret not in str(vars(kept))
    assert len(kept.agent) == sessions.LONGEST_AGENT


def test_two_sign_outs_at_the_same_moment_end_it_once(app: Flask, manager: Operator) -> None:
    secret = sessions.begin(manager, address="x", agent="x", now=utc_now())
    db.session.commit()

    def end() -> bool:
        with app.app_context(), transaction():
            found = sessions.find(secret, utc_now())
            return found is not None and sessions.end(found)

    assert sorted(in_threads([end] * 4)) == [False, False, False, True]
    assert sessions.find(secret, utc_now()) is None


def test_another_sign_in_in_the_same_browser_ends_the_session_before(
    client: Client, manager: Operator, viewer: Operator
) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = sessions.begin(manager, address="x", agent="x", now=utc_now())
    assert is_in(client)
    before = row()
    client.delete_cookie(COOKIE)
    sign_in(client, viewer)
    assert before.ended_at is None
    assert [each.operator_id for each in sessions.list_of(viewer.id)] == [viewer.id]


def test_all_sessions_of_one_person_end_and_nobody_elses(db_session, manager, viewer) -> None:
    for who in (manager, manager, viewer):
        sessions.begin(who, address="x", agent="x", now=utc_now())
    kept = sessions.list_of(manager.id)[0]

    assert sessions.end_all(manager.id, but=kept) == 1
    assert sessions.end_all(manager.id, but=kept) == 0
    assert sessions.list_of(manager.id) == [kept]
    assert len(sessions.list_of(viewer.id)) == 1
    assert sessions.end_all(manager.id) == 1


def test_another_password_ends_every_session(client: Client, manager: Operator) -> None:
    signed_in(client, manager)
    assert is_in(client)
    service.set_password(manager.email, "a walk along the river")
    assert not is_in(client)


def test_what_is_long_over_is_deleted_and_what_counts_is_kept(db_session, manager) -> None:
    now = utc_now()
    for days in (0, 29, 31):
        sessions.begin(manager, address=str(days), agent="x", now=now - timedelta(days=days))
    throttle.count_failure("jo@example.com", "192.0.2.1")
    db_session.query(SignInThrottle).update({"first_at": now - throttle.WINDOW})
    throttle.count_in_session(1)

    jobs.forget_old(now)

    assert {each.address for each in db_session.query(OperatorSession)} == {"0", "29"}
    assert db_session.query(SignInThrottle).count() == 1


def test_signing_in_and_out_are_events_that_name_no_address(
    client: Client, manager: Operator
) -> None:
    number = manager.id
    with structlog.testing.capture_logs() as logs:
        get_page(client, "/sign-in").submit(
            "Sign in", {"email": manager.email, "password": "not the password"}, status=422
        )
        sign_in(client, manager)
        get_page(client, "/campaigns").submit("Sign out")

    told = [(line["event"], line["operator_id"]) for line in logs if line["event"] != "request"]
    assert told == [("sign_in_failed", number), ("signed_in", number), ("signed_out", number)]
    assert "127.0.0.1" not in str(logs)
    assert manager.email not in str(logs)
    marks = {line["address"] for line in logs if "address" in line}
    assert marks == {throttle.mark_of("127.0.0.1")}


@pytest.mark.parametrize("path", ["/session", "/account"])
def test_a_stranger_has_no_session_to_ask_about(client: Client, path: str) -> None:
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 401
