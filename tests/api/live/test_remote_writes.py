"""Booking and changing campaigns by the ad server's own names: taken in, sent, confirmed."""

import pytest
from sqlalchemy import delete, select

from tests import factories
from webapp.advertisers.models import Advertiser, Agency
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db

NOBODY = "2f6ad6b0-0000-11f0-8de9-0242ac120002"


@pytest.fixture
def script(client, desk):
    token = factories.api_token("read write")

    def send(method, path, body=None, status=200, headers=()):
        bearer = {"Authorization": f"Bearer {token}", **dict(headers)}
        answer = client.open(f"/api/v1{path}", method=method, headers=bearer, json=body)
        assert answer.status_code == status, answer.text
        db.session.expire_all()
        return answer

    return send


@pytest.fixture
def stranger(desk, advertiser):
    """A campaign that was made there since our last look."""
    made = {"title": "Made there", "advertiserId": advertiser.remote_id, "totalBudgetCents": 7}
    return desk.sandbox.control("POST", "campaigns", made | {"totalBudgetCurrency": "USD"})


def test_a_booking_is_confirmed_as_the_record_there(script, desk, worker, advertiser):
    wanted = {
        "title": "Booked by its names",
        "advertiserId": advertiser.remote_id,
        "totalBudgetCents": 5000,
        "totalBudgetCurrency": "USD",
        "externalId": "IO-77",
    }

    with worker.working():
        answer = script("POST", "/remote/campaigns", wanted, 201, {"Prefer": "wait=30"})

    there = desk.sandbox.control("GET", f"campaigns/{answer.json['id']}")
    assert {name: there[name] for name in wanted} == wanted
    assert {name: answer.json[name] for name in wanted} == wanted
    assert answer.json["createdAt"] == there["createdAt"]
    assert answer.headers["Location"] == f"/api/v1/remote/campaigns/{answer.json['id']}"
    shared = answer.json.keys() & there.keys()
    assert {name: answer.json[name] for name in shared} == {name: there[name] for name in shared}


def test_who_does_not_wait_is_told_where_to_look(script, desk, advertiser):
    wanted = {"title": "On its way", "advertiserId": advertiser.remote_id}

    answer = script("POST", "/remote/campaigns", wanted, 202, {"Prefer": "respond-async"})

    assert answer.json["id"] is None
    assert answer.json["syncState"] == "waiting"
    assert answer.headers["Location"] == (
        f"/api/v1/campaigns/{answer.json['campaignId']}/sync-status"
    )
    assert desk.our_writes() == []


def test_one_key_books_once(script, desk, worker, advertiser):
    wanted = {"title": "Booked once", "advertiserId": advertiser.remote_id}
    headers = {"Idempotency-Key": "wish-1", "Prefer": "wait=30"}

    with worker.working():
        first = script("POST", "/remote/campaigns", wanted, 201, headers)
        again = script("POST", "/remote/campaigns", wanted, 201, headers)

    assert first.json == again.json
    assert len(desk.our_writes()) == 1


def test_the_ad_server_s_refusal_comes_in_its_words(script, desk, worker, advertiser):
    desk.sandbox.fault(
        {"action": "status", "status": 422, "method": "POST", "message": "Title is too loud"}
    )
    wanted = {"title": "LOUD", "advertiserId": advertiser.remote_id}

    with worker.working():
        problem = script("POST", "/remote/campaigns", wanted, 422, {"Prefer": "wait=30"})

    assert problem.json["code"] == "refused"
    assert "Title is too loud" in problem.json["detail"]


def test_a_change_sends_what_was_named_and_nothing_else(script, desk, worker):
    campaign = db.session.scalars(select(Campaign).order_by(Campaign.id)).first()
    path = f"/remote/campaigns/{campaign.remote_id}"
    before = desk.sandbox.control("GET", f"campaigns/{campaign.remote_id}")

    with worker.working():
        answer = script("PUT", path, {"title": "Other"}, headers={"Prefer": "wait=30"})

    there = desk.sandbox.control("GET", f"campaigns/{campaign.remote_id}")
    assert answer.json["title"] == there["title"] == "Other"
    left_alone = {"totalBudgetCents", "totalBudgetCurrency", "externalId", "advertiserId"}
    assert all(there[name] == before[name] == answer.json[name] for name in left_alone)
    actors = db.session.scalars(select(AuditEvent.actor).where(AuditEvent.action == "edited"))
    assert all(actor.startswith("token ") for actor in actors)


def test_what_was_changed_meanwhile_is_not_overwritten_by_who_says_what_they_saw(script, desk):
    campaign = db.session.scalars(select(Campaign).order_by(Campaign.id)).first()
    path, at_once = f"/remote/campaigns/{campaign.remote_id}", {"Prefer": "respond-async"}
    seen = script("PUT", path, {"title": "Ours"}, 202, at_once).headers["ETag"]
    script("PUT", path, {"title": "Theirs"}, 202, {**at_once, "If-Match": seen})

    answer = script("PUT", path, {"title": "Late"}, 412, {**at_once, "If-Match": seen})

    [change] = answer.json["changes"]
    assert (change["base"], change["theirs"], change["yours"]) == ("Ours", "Theirs", "Late")


def test_a_campaign_that_is_not_here_yet_is_taken_in_and_changed(script, desk, worker, stranger):
    path = f"/remote/campaigns/{stranger['id']}"

    with worker.working():
        answer = script("PUT", path, {"totalBudgetCents": 9}, headers={"Prefer": "wait=30"})

    assert (answer.json["totalBudgetCents"], answer.json["title"]) == (9, "Made there")
    there = desk.sandbox.control("GET", f"campaigns/{stranger['id']}")
    assert there["totalBudgetCents"] == 9
    assert db.session.query(Campaign).filter_by(remote_id=stranger["id"]).count() == 1


def test_an_advertiser_that_is_not_here_yet_is_looked_for_there(script, desk, advertiser):
    lost = db.session.scalars(
        select(Advertiser).where(Advertiser.id.not_in(select(Campaign.advertiser_id)))
    ).first()
    if lost is None:
        lost = advertiser
        of_it = select(Campaign.id).where(Campaign.advertiser_id == lost.id)
        db.session.execute(delete(Change).where(Change.campaign_id.in_(of_it)))
        db.session.execute(delete(Campaign).where(Campaign.advertiser_id == lost.id))
    remote_id = lost.remote_id
    db.session.execute(delete(Advertiser).where(Advertiser.id == lost.id))
    wanted = {"title": "For somebody new", "advertiserId": remote_id}

    answer = script("POST", "/remote/campaigns", wanted, 202, {"Prefer": "wait=0"})

    assert answer.json["advertiserId"] == remote_id
    assert answer.json["advertiser"]["name"]


def test_an_advertiser_that_nobody_has_is_pointed_at(script, desk):
    wanted = {"title": "For nobody", "advertiserId": NOBODY}

    problem = script("POST", "/remote/campaigns", wanted, 422)

    assert problem.json["errors"][0]["pointer"] == "/advertiserId"
    assert db.session.query(Campaign).filter_by(title="For nobody").count() == 0


def test_a_campaign_that_nobody_has_is_a_404(script):
    assert script("PUT", f"/remote/campaigns/{NOBODY}", {"title": "x"}, 404).json["code"] == (
        "not_found"
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "x", "advertiser_id": "1"}, "/advertiser_id"),
        ({"title": "x", "advertiserId": NOBODY, "id": "1"}, "/id"),
        ({"title": "x", "advertiserId": NOBODY, "totalBudgetCents": "5"}, "/totalBudgetCents"),
    ],
)
def test_what_cannot_be_sent_is_pointed_at(script, body, pointer):
    errors = script("POST", "/remote/campaigns", body, 422).json["errors"]

    assert pointer in {error["pointer"] for error in errors}


def test_a_rule_of_ours_points_at_the_member_in_its_spelling(script, advertiser):
    body = {"title": "x", "advertiserId": advertiser.remote_id, "totalBudgetCurrency": "USD"}

    errors = script("POST", "/remote/campaigns", body, 422).json["errors"]

    assert [error["pointer"] for error in errors] == ["/totalBudgetCurrency"]


@pytest.fixture
def unmet(desk, advertiser):
    """The id of an advertiser that was made there since our last look."""
    other = {"name": "Made there too", "agencyId": None}
    return desk.sandbox.control("POST", "advertisers", other)["id"]


def kept():
    """All that is ours, beside what tells of the calls to the ad server themselves."""
    db.session.commit()
    tables = (Campaign, Change, Advertiser, Agency, AuditEvent)
    rows = {
        model: sorted(map(repr, db.session.execute(select(model.__table__)).all()))
        for model in tables
    }
    observation = db.session.scalars(select(Connection.observation)).one()
    db.session.rollback()
    return rows, observation


@pytest.mark.parametrize(("body", "status"), [({"title": "Ours"}, 202), ({"externalId": ""}, 200)])
def test_a_dry_run_on_a_campaign_that_is_not_here_takes_nothing_in(
    script, desk, stranger, body, status
):
    path, before = f"/remote/campaigns/{stranger['id']}", kept()

    tried = script("PUT", f"{path}?dry_run=1", body, status, {"Prefer": "respond-async"})

    assert kept() == before
    assert tried.json["id"] == stranger["id"]
    assert tried.json["title"] == body.get("title", "Made there")
    assert script("PUT", path, body, status, {"Prefer": "respond-async"}).status_code == status
    assert kept() != before


def test_a_dry_run_for_an_advertiser_that_is_not_here_takes_nothing_in(
    script, desk, unmet, stranger
):
    wanted, before = {"title": "For them", "advertiserId": unmet}, kept()

    booked = script("POST", "/remote/campaigns?dry_run=1", wanted, 202)
    path = f"/remote/campaigns/{stranger['id']}"
    changed = script("PUT", f"{path}?dry_run=1", {"advertiserId": unmet}, 202)

    assert kept() == before
    assert booked.json["advertiser"]["name"] == "Made there too"
    assert changed.json["advertiserId"] == unmet


def test_what_is_refused_takes_nothing_in(script, desk, unmet, stranger):
    path, before = f"/remote/campaigns/{stranger['id']}", kept()[0]

    script("PUT", path, {"advertiserId": unmet, "totalBudgetCurrency": None}, 422)

    assert kept()[0] == before


def test_a_dry_run_changes_nothing(script, desk, advertiser):
    wanted = {"title": "Only tried", "advertiserId": advertiser.remote_id}

    tried = script("POST", "/remote/campaigns?dry_run=1", wanted, 202)

    assert tried.json["title"] == "Only tried"
    assert db.session.query(Campaign).filter_by(title="Only tried").count() == 0
