"""Waiting: as long as a script wants, without holding anything, and never all threads at once."""

import threading
import time

import pytest
from flask import Flask

from tests import factories
from tests.api.scripts import Script
from tests.support.threads import in_threads
from webapp.api import waiting
from webapp.campaigns.models import Campaign
from webapp.core.db import db


def asked(prefer: str | None):
    """The seconds, and what is heeded."""
    headers = {"Prefer": prefer} if prefer is not None else {}
    with Flask("asked").test_request_context("/", headers=headers):
        return waiting.wanted_seconds(5)


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [
        (None, (5, None)),
        ("", (5, None)),
        ("wait=10", (10, "wait=10")),
        ("wait=0", (0, "wait=0")),
        ("wait=31", (30, "wait=30")),
        ("wait=999999999999999999999", (5, None)),
        ("wait=-1", (5, None)),
        ("wait=1.5", (5, None)),
        ("wait=x", (5, None)),
        ("wait", (5, None)),
        ("wait=\u0663", (5, None)),
        ("respond-async", (0, "respond-async")),
        ("respond-async, wait=3", (3, "wait=3")),
        ('return=minimal, wait="7"', (7, "wait=7")),
        ("return=minimal", (5, None)),
    ],
)
def test_a_script_says_how_long_it_wants_to_wait(prefer, wanted):
    assert asked(prefer) == wanted


def test_it_ends_as_soon_as_something_is_found(app):
    looks = []

    def look():
        looks.append(time.monotonic())
        return "found" if len(looks) == 3 else None

    assert waiting.wait_until(look, 20) == "found"
    assert len(looks) == 3
    assert looks[2] - looks[0] < 15


def test_it_looks_once_at_least_and_gives_up_in_time(app):
    looks = []

    assert waiting.wait_until(lambda: looks.append(1), 0) is None
    assert len(looks) == 1
    started = time.monotonic()
    assert waiting.wait_until(lambda: None, 0.3) is None
    assert 0.3 <= time.monotonic() - started < 30


def test_nothing_is_held_between_two_looks(app):
    transactions = []

    def look():
        db.session.query(Campaign).first()
        transactions.append(db.session().in_transaction())

    waiting.wait_until(look, 0.2)

    assert all(transactions)
    assert not db.session().in_transaction()


def test_a_look_that_fails_ends_it_and_holds_nothing(app):
    def look():
        db.session.query(Campaign).first()
        raise LookupError

    with pytest.raises(LookupError):
        waiting.wait_until(look, 5)

    assert not db.session().in_transaction()


def test_each_look_sees_what_others_wrote_meanwhile(app):
    number = factories.campaign(notes=None).id
    db.session.commit()
    looked = threading.Event()

    def look():
        notes = db.session.get_one(Campaign, number).notes
        looked.set()
        return notes

    def write():
        assert looked.wait(30)
        with app.app_context():
            db.session.get_one(Campaign, number).notes = "Written meanwhile."
            db.session.commit()
            db.session.remove()

    other = threading.Thread(target=write)
    other.start()
    found = waiting.wait_until(look, 20)
    other.join()

    assert found == "Written meanwhile."


def test_half_of_the_threads_wait_at_most(app, settings):
    places = settings.web_threads // 2
    release, waits = threading.Event(), threading.Semaphore(0)

    def long():
        with app.app_context():

            def look():
                waits.release()
                return True if release.is_set() else None

            return waiting.wait_until(look, 30)

    def short():
        for _ in range(places):
            assert waits.acquire(timeout=30)
        with app.app_context():
            started = time.monotonic()
            found = waiting.wait_until(lambda: None, 30)
            took = time.monotonic() - started
        release.set()
        return found is None and took < 10

    assert in_threads([long] * places + [short]) == [True] * (places + 1)
    assert waiting.wait_until(iter([None, "again"]).__next__, 20) == "again"


@pytest.mark.parametrize(("threads", "said"), [(2, "wait=1"), (1, None)])
def test_an_answer_says_that_it_waited_only_where_there_was_a_place(
    app, client, settings, threads, said
):
    app.config["SETTINGS"] = settings.model_copy(update={"web_threads": threads})
    script = Script(client, factories.api_token("read write"))
    path = f"/campaigns/{factories.campaign().uuid}"

    answer = script.call("PUT", path, 202, {"title": "Nobody sends it"}, Prefer="wait=1")
    at_once = script.call("PUT", path, 202, {"title": "Nor this"}, Prefer="wait=0")

    assert answer.headers.get("Preference-Applied") == said
    assert at_once.headers["Preference-Applied"] == "wait=0"
