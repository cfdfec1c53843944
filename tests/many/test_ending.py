"""SIGTERM in the middle of a request and of a push: both are seen through, and done once."""

import http.client
import signal
import subprocess
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from sqlalchemy import select

from tests import factories
from tests.many.conftest import PATIENCE, seen, wait_for
from tests.many.fleet import WORKER, Fleet
from tests.many.person import EMAIL, Person, first_uuid
from tests.many.test_several_processes import edit
from tests.support.sandbox import Sandbox
from webapp.campaigns.models import APPLIED, SENT, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.sync.models import Lease

# Time enough to be told to end meanwhile, and less than the worker waits for an answer.
SLOW_SECONDS = 6.0


def titles() -> list[str]:
    return list(seen(lambda: db.session.scalars(select(Campaign.title)).all()))


def test_a_form_that_is_half_sent_when_the_server_is_told_to_end_is_saved_and_answered(
    machines: Fleet,
) -> None:
    factories.operator("manager", email=EMAIL)
    factories.campaign()
    db.session.commit()
    server, root = machines.web()
    person = Person()
    person.sign_in(root)
    title = f"Saved while it ended {uuid4()}"
    path = f"/campaigns/{first_uuid()}/edit"
    form = person.form(root + path, "title") | {"title": title}
    body = urlencode(form, doseq=True).encode()

    browser = http.client.HTTPConnection(urlsplit(root).netloc, timeout=PATIENCE)
    browser.putrequest("POST", path)
    browser.putheader("Content-Type", "application/x-www-form-urlencoded")
    browser.putheader("Content-Length", str(len(body)))
    browser.putheader("Cookie", person.cookies())
    browser.endheaders()
    browser.send(body[: len(body) // 2])
    # Another request on a connection of its own is answered: the first is in its thread by now.
    person.page(f"{root}/health")
    server.send_signal(signal.SIGTERM)
    wait_for(lambda: "Handling signal: term" in machines.logged(server), "it is told")
    assert server.poll() is None
    browser.send(body[len(body) // 2 :])
    answer = browser.getresponse()

    assert (answer.status, answer.getheader("Location", "")[:11]) == (302, "/campaigns/")
    browser.close()
    assert server.wait(PATIENCE) == 0
    assert title in titles()


def test_a_push_under_way_when_the_worker_is_told_to_end_is_seen_through(
    machines: Fleet, sandbox: Sandbox
) -> None:
    worker = started(machines)
    sandbox.fault({"action": "slow", "seconds": SLOW_SECONDS, "method": "PUT", "times": 1})
    before = len(sandbox.applied_writes())
    campaign_id, remote_id = edit(0)
    late, _ = edit(1)
    wait_for(lambda: state_of(campaign_id) == SENT, "it is on its way")

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    sandbox.clear_faults()

    assert seen(lambda: state_of(campaign_id)) == APPLIED
    assert writes_since(sandbox, before).count(remote_id) == 1
    # The lead was given up, not left to run out: whoever is next need not wait.
    assert seen(lambda: db.session.scalars(select(Lease)).all()) == []
    started(machines)
    wait_for(lambda: state_of(late) == APPLIED, "the next worker sends the rest")
    assert len(writes_since(sandbox, before)) == 2


def started(machines: Fleet) -> subprocess.Popen[bytes]:
    worker = machines.start(WORKER)
    wait_for(lambda: db.session.scalar(select(Connection.last_success_at)), "the first pull")
    return worker


def state_of(campaign_id: int) -> str | None:
    query = select(Change.state).where(Change.campaign_id == campaign_id)
    return db.session.scalar(query.order_by(Change.id.desc()))


def writes_since(sandbox: Sandbox, before: int) -> list[str]:
    return [str(write["remote_id"]) for write in sandbox.applied_writes()[before:]]
