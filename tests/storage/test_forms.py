"""Each statement of a form's request fails once: it is saved whole or not at all, and told."""

from tests.campaigns.form_work import SAVE
from tests.storage.failing import failing_at
from tests.support.client import Client
from tests.support.desk import Desk
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign
from webapp.core.db import db

MOST_STATEMENTS = 80
TYPED = "Typed by hand"


def test_a_form_is_saved_whole_or_not_at_all(desk: Desk, manager_client: Client) -> None:
    ((campaign_id, remote_id),) = desk.some(1)
    name = desk.ask(lambda: db.session.get_one(Campaign, campaign_id).uuid)
    page = get_page(manager_client, f"/campaigns/{name}/edit")
    form = page.form(SAVE)
    before = desk.evidence()

    for number in range(1, MOST_STATEMENTS):
        with failing_at(number) as countdown:
            answer = manager_client.post(form.action, data={**form.values, "title": TYPED})
        if not countdown.failed:
            break
        assert answer.status_code == 500, answer.headers
        assert "look whether the change is there" in answer.text
        after = desk.evidence()
        # What fails after the commit is told as well: then all of it is there.
        if after.ours[campaign_id]["title"] == TYPED:
            assert len(after.changes) == len(before.changes) + 1
            assert len(after.events) == len(before.events) + 1
        else:
            assert (after.ours, after.changes) == (before.ours, before.changes)
            assert after.events == before.events
    assert number > 5

    assert answer.status_code == 302
    assert page.submit(SAVE, {"title": TYPED}).h1 == TYPED
    desk.heal()
    desk.check()
    assert desk.our_writes() == [("PUT", remote_id)]
