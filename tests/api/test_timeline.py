"""What happened: to one campaign, and to all of them for whoever follows along."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.scripts import Script
from tests.support.statements import count_statements
from webapp.audit import service as audit
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.campaigns import service
from webapp.core.clock import utc_now
from webapp.core.db import db

ANA = Actor("ana@example.com", "web", request_id="request-1")
WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read"))


def happened(campaign, action="edited", at=WHEN, field="title", before="a", after="b"):
    changes = [FieldChange(field, before, after)] if field else []
    subject = Subject("campaign", campaign.id, campaign.title)
    audit.record(ANA, action, subject, changes, at=at)
    db.session.flush()


def test_a_timeline_says_who_did_what_the_newest_first(script):
    campaign = factories.campaign(title="Spring")
    happened(campaign, "booked", field=None)
    happened(campaign, field="budget", before=None, after="USD 5.00", at=WHEN + timedelta(hours=1))

    first, second = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"]

    assert first.pop("id") > second.pop("id")
    assert first == {
        "at": "2026-03-02T10:30:00.000Z",
        "actor": "ana@example.com",
        "source": "web",
        "action": "edited",
        "field": "total_budget",
        "before": None,
        "after": "USD 5.00",
        "reason": None,
        "request_id": "request-1",
    }
    assert (second["action"], second["field"]) == ("booked", None)


def test_a_long_timeline_is_read_by_steps(script):
    campaign, other = factories.campaign(), factories.campaign()
    for number in range(7):
        happened(campaign, after=str(number))
        happened(other, after="other")

    found, cursor = [], "start"
    while cursor:
        page = script.get(f"/campaigns/{campaign.uuid}/timeline?per_page=3&cursor={cursor}")
        found += [item["after"] for item in page["items"]]
        cursor = page["meta"]["next_cursor"]

    assert found == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_cursor_of_another_timeline_is_refused(script):
    campaign, other = factories.campaign(), factories.campaign()
    for _ in range(3):
        happened(campaign)
    page = script.get(f"/campaigns/{campaign.uuid}/timeline?per_page=1")

    cursor = page["meta"]["next_cursor"]

    assert script.get(f"/campaigns/{campaign.uuid}/timeline?cursor={cursor}")["items"]
    refused = script.get(f"/campaigns/{other.uuid}/timeline?cursor={cursor}", 422)
    assert refused["code"] == "invalid"


def test_what_is_not_there_has_no_timeline(script):
    assert script.get("/campaigns/nonsense/timeline", 404)["code"] == "not_found"


def test_the_feed_tells_everything_once_in_its_order(script):
    campaigns = [factories.campaign(title=f"Campaign {n}") for n in range(3)]
    for number in range(10):
        happened(campaigns[number % 3], after=str(number), at=WHEN + timedelta(minutes=number))
    audit.record(ANA, "created", Subject("operator", 1, "Somebody"))

    found, since, steps = [], "", 0
    while True:
        page = script.get(f"/changes?limit=4{since}")
        found += page["items"]
        since = f"&since={page['meta']['next_cursor']}"
        steps += 1
        if not page["meta"]["has_more"]:
            break

    assert [item["after"] for item in found] == [str(number) for number in range(10)]
    assert steps == 3
    assert found[4]["campaign"] == {"id": str(campaigns[1].uuid), "title": "Campaign 1"}
    assert script.get(f"/changes?{since}")["items"] == []
    happened(campaigns[0], after="later")
    later = script.get(f"/changes?{since}")
    assert [item["after"] for item in later["items"]] == ["later"]
    assert later["meta"]["next_cursor"] != since


@pytest.mark.parametrize("minute", [0, 1, 17, 18, 40, 99])
def test_the_feed_begins_at_a_time(script, minute):
    campaign = factories.campaign()
    for number in range(41):
        at = WHEN + timedelta(minutes=number, seconds=30)
        happened(campaign, after=str(number), at=at)
        audit.record(ANA, "created", Subject("operator", 1, "Somebody"), at=at)
    since = WHEN + timedelta(minutes=minute)

    for text in (
        since.isoformat().replace("+00:00", "Z"),
        since.isoformat(),
        since.astimezone().isoformat(),
    ):
        found = script.get(f"/changes?since={text}")["items"]
        assert [int(item["after"]) for item in found] == list(range(minute, 41))


@pytest.mark.parametrize("since", ["2026-13-01", "yesterday", "2026-01-01T99:00"])
def test_what_is_no_time_and_no_cursor_is_refused(script, since):
    assert script.get(f"/changes?since={since}", 422)["errors"][0]["pointer"] == "?since"


@pytest.mark.parametrize(("since", "told"), [("0001-01-01", 1), ("9999-12-31", 0)])
def test_the_feed_takes_any_time(script, since, told):
    happened(factories.campaign())

    assert len(script.get(f"/changes?since={since}")["items"]) == told


def test_what_is_done_on_a_page_is_told_of(script):
    campaign = factories.campaign(title="Before")
    page = script.get("/changes")
    service.archive_campaign(ANA, campaign)

    found = script.get(f"/changes?since={page['meta']['next_cursor']}")["items"]

    assert [(item["action"], item["actor"]) for item in found] == [("archived", "ana@example.com")]


# Where only one can write at a time it cannot happen.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_ends_later_with_a_smaller_number_is_not_missed(script, app):
    """Two write at once: the one that began first ends last."""
    campaign = factories.campaign()
    db.session.commit()
    number, title = campaign.id, campaign.title
    written, go_on = threading.Event(), threading.Event()

    def write_slowly():
        with app.app_context():
            audit.record(ANA, "first", Subject("campaign", number, title))
            db.session.flush()
            written.set()
            go_on.wait(30)
            db.session.commit()
            db.session.remove()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    assert written.wait(30)
    audit.record(ANA, "second", Subject("campaign", number, title), at=utc_now())

    before = script.get("/changes")
    go_on.set()
    slow.join()
    after = script.get(f"/changes?since={before['meta']['next_cursor']}")

    actions = [item["action"] for item in before["items"] + after["items"]]
    assert actions == ["first", "second"]


def test_feed_and_timeline_cost_as_many_statements_for_few_as_for_many(script):
    script.get("/changes")
    costs = []
    for _ in range(2):
        campaigns = [factories.campaign() for _ in range(8)]
        for campaign in campaigns:
            happened(campaign)
        db.session.commit()
        with count_statements() as statements:
            script.get("/changes")
            script.get(f"/campaigns/{campaigns[0].uuid}/timeline")
        costs.append(len(statements))

    assert costs[0] == costs[1] <= 10


def test_everything_that_is_recorded_of_campaigns_is_in_the_feed(script):
    campaign = factories.campaign()
    service.edit_campaign(
        ANA, campaign, factories.values_of(campaign), campaign.version, uuid.uuid4()
    )
    service.archive_campaign(ANA, campaign)
    service.unarchive_campaign(ANA, campaign)

    found = script.get("/changes")["items"]

    recorded = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)).all()
    assert [int(item["id"]) for item in found] == recorded
