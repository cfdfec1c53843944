"""A SQLite file that is locked or on a full disk: work waits, pages say so, nothing is torn."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

import pytest
import requests
from sqlalchemy.exc import DBAPIError

from tests.campaigns.form_work import SAVE
from tests.storage.failing import full_disk, locked
from tests.support.client import Client
from tests.support.databases import SqliteDatabase
from tests.support.desk import Desk
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.http import HttpSession, http_session
from webapp.sync import jobs
from webapp.sync.remote import Outside

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def database_url(sqlite_database: SqliteDatabase) -> str:
    return sqlite_database.fresh()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.core.db.BUSY_TIMEOUT_MS", 50)


@pytest.fixture(params=["locked", "full disk"])
def outage(request: pytest.FixtureRequest, _impatient: None, desk: Desk) -> Outage:
    return full_disk if request.param == "full disk" else lambda: locked(db.engine)


def test_a_form_sent_meanwhile_is_answered_and_can_be_sent_again(
    desk: Desk, outage: Outage, manager_client: Client
) -> None:
    ((campaign_id, remote_id),) = desk.some(1)
    name = desk.ask(lambda: db.session.get_one(Campaign, campaign_id).uuid)
    form = get_page(manager_client, f"/campaigns/{name}/edit")
    before = desk.evidence()

    with outage():
        page = form.submit(SAVE, {"title": "Typed by hand"}, status=500)

    assert page.h1 == "Something went wrong here"
    assert "look whether the change is there" in page.text
    after = desk.evidence()
    assert (after.ours, after.changes) == (before.ours, before.changes)
    assert after.events == before.events
    assert form.submit(SAVE, {"title": "Typed by hand"}).h1 == "Typed by hand"
    desk.heal()
    desk.check()
    assert desk.our_writes() == [("PUT", remote_id)]


@pytest.mark.parametrize("job", [jobs.push_due, jobs.pull_next, jobs.probe_due])
def test_a_job_that_begins_meanwhile_sends_nothing_and_is_done_later(
    desk: Desk, outage: Outage, job: Callable[[jobs.Work], object]
) -> None:
    (edited, _), (lost, _) = desk.some(2)
    desk.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
    desk.edit(lost, title="Lost")
    desk.push()
    desk.edit(edited, title="Saved before")
    desk.book("Booked before")
    desk.ask_for_a_pull()
    desk.clock.move(200)
    written = desk.our_writes()

    with outage(), pytest.raises(DBAPIError):
        job(desk.work)

    db.session.remove()
    assert desk.our_writes() == written
    jobs.pull_next(desk.work)
    desk.heal()
    desk.check()
    assert sorted(method for method, _ in desk.our_writes()) == ["POST", "PUT", "PUT"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_what_was_sent_when_it_began_is_found_out_and_not_sent_again(
    desk: Desk, outage: Outage, method: str
) -> None:
    with ExitStack() as until_mended:

        def begin(answer: requests.Response, *_: object, **__: object) -> None:
            if answer.request.method == method:
                until_mended.enter_context(outage())

        def session(user_agent: str) -> HttpSession:
            made = http_session(user_agent)
            made.hooks["response"].append(begin)
            return made

        work = desk.work
        desk.work = replace(work, outside=Outside(http=session, clock=desk.clock))
        if method == "PUT":
            desk.edit(desk.some(1)[0][0], title="Sent")
        else:
            desk.book("Sent")
        with pytest.raises(DBAPIError):
            desk.push()
        db.session.remove()
    desk.work = work

    desk.heal()
    desk.check()
    assert [sent for sent, _ in desk.our_writes()] == [method]
