"""Conflicts for scripts: listed with all three sides, and settled."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.scripts import Script
from tests.support.statements import count_statements
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.core.db import db


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write", name="reports"))


def conflicting(group="title", theirs="Theirs", **values):
    campaign = factories.campaign(**{"title": "Ours", **values}, sync_state="conflict")
    return campaign, factories.conflict(campaign, group, theirs=theirs, base=values.get("base"))


def resolve(script, conflict, status=200, **body):
    return script.post(f"/conflicts/{conflict.id}/resolve", body, status)


def only_change():
    return db.session.scalars(select(Change)).one()


def test_open_conflicts_show_what_it_was_ours_and_theirs(script):
    first, second = factories.advertiser(name="First"), factories.advertiser(name="Second")
    campaign = factories.campaign(
        title="Spring", advertiser_id=first.id, budget=(700, "JPY"), sync_state="conflict"
    )
    title = factories.conflict(campaign, "title", base="Before", theirs="Theirs")
    factories.conflict(campaign, "budget", base=None, theirs=[900, "JPY"])
    factories.conflict(campaign, "advertiser", base=first.id, theirs=second.id)
    factories.conflict(campaign, "copy_needed", base=False, theirs=True)
    settled = factories.conflict(campaign, "external_id", base="a", theirs="b")
    settled.decided_at = factories.SOME_DAY

    items = script.get("/conflicts")["items"]

    assert items[0] == {
        "id": str(title.id),
        "campaign": {"id": str(campaign.uuid), "title": "Spring"},
        "field": "title",
        "base": "Before",
        "ours": "Spring",
        "theirs": "Theirs",
        "seen_at": "2026-03-02T09:30:00.000Z",
    }
    assert [(item["base"], item["ours"], item["theirs"]) for item in items[1:]] == [
        (
            None,
            {"total_budget_cents": 700, "total_budget_currency": "JPY"},
            {"total_budget_cents": 900, "total_budget_currency": "JPY"},
        ),
        (
            {"id": str(first.id), "name": "First"},
            {"id": str(first.id), "name": "First"},
            {"id": str(second.id), "name": "Second"},
        ),
        (False, False, True),
    ]


def test_they_are_listed_by_steps_and_of_one_campaign(script):
    made = [conflicting() for _ in range(5)]
    wanted = [str(conflict.id) for _, conflict in made]

    found, cursor = [], "start"
    while cursor:
        page = script.get(f"/conflicts?per_page=2&cursor={cursor}")
        found += [item["id"] for item in page["items"]]
        cursor = page["meta"]["next_cursor"]

    assert found == wanted
    of_one = script.get(f"/conflicts?campaign_id={made[2][0].uuid}")["items"]
    assert [item["id"] for item in of_one] == wanted[2:3]
    script.get("/conflicts?campaign_id=nonsense", 404)
    script.get("/conflicts?campaign_id=", 404)


def test_a_list_of_conflicts_costs_as_many_statements_for_few_as_for_many(script):
    script.get("/conflicts")
    costs = []
    for _ in range(2):
        for _ in range(8):
            conflicting("advertiser", theirs=factories.advertiser().id)
        db.session.commit()
        with count_statements() as statements:
            script.get("/conflicts")
        costs.append(len(statements))

    assert costs[0] == costs[1] <= 6


def test_ours_is_sent(script):
    campaign, conflict = conflicting()

    found = resolve(script, conflict, 202, choice="ours")

    assert (found["title"], found["sync"]["state"]) == ("Ours", "waiting")
    assert only_change().fields == ["title"]
    assert script.get("/conflicts")["items"] == []
    event = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"][0]
    assert (event["actor"], event["action"], event["field"]) == (
        "token reports",
        "kept ours",
        "title",
    )


def test_theirs_is_taken_and_nothing_is_sent(script):
    _, conflict = conflicting()

    found = resolve(script, conflict, choice="theirs")

    assert (found["title"], found["sync"]["state"]) == ("Theirs", "confirmed")
    assert db.session.scalars(select(Change)).all() == []


@pytest.mark.parametrize(
    ("group", "theirs", "value", "member", "wanted"),
    [
        ("title", "Theirs", "Other", "title", "Other"),
        ("external_id", "b", None, "external_id", None),
        ("copy_needed", True, False, "copy_needed", False),
        (
            "budget",
            [900, "JPY"],
            {"total_budget_cents": 5, "total_budget_currency": "USD"},
            "total_budget_cents",
            5,
        ),
        ("budget", [900, "JPY"], None, "total_budget_currency", None),
    ],
)
def test_another_value_is_set_and_sent(script, group, theirs, value, member, wanted):
    _, conflict = conflicting(group, theirs, external_id="a", budget=(7, "EUR"))

    found = resolve(script, conflict, 202, choice="value", value=value)

    assert found[member] == wanted
    assert only_change().fields == [group]


def test_another_advertiser_is_named_by_its_id(script):
    _, conflict = conflicting("advertiser", factories.advertiser().id)
    other = factories.advertiser(name="Other")

    found = resolve(script, conflict, 202, choice="value", value=str(other.id))

    assert found["advertiser"]["name"] == "Other"


@pytest.mark.parametrize(
    ("group", "value"),
    [
        ("title", ""),
        ("title", None),
        ("title", 5),
        ("title", True),
        ("external_id", 5),
        ("copy_needed", 1),
        ("copy_needed", "yes"),
        ("copy_needed", None),
        ("budget", 5),
        ("budget", {"total_budget_cents": -5, "total_budget_currency": "USD"}),
        ("budget", {"total_budget_cents": 5}),
        ("advertiser", True),
        ("advertiser", None),
        ("advertiser", 999_999),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_is_settled(script, group, value):
    theirs = {"advertiser": factories.advertiser().id, "copy_needed": True}.get(group)
    _, conflict = conflicting(group, theirs, external_id="a", budget=(7, "EUR"))

    error = resolve(script, conflict, 422, choice="value", value=value)

    assert error["errors"][0]["pointer"].startswith("/value")
    db.session.expire_all()
    assert db.session.scalars(select(Conflict)).one().decided_at is None


@pytest.mark.parametrize(
    "body",
    [{}, {"choice": "both"}, {"choice": "value"}, {"choice": "ours", "value": "x"}],
)
def test_a_choice_is_one_of_three(script, body):
    _, conflict = conflicting()

    assert resolve(script, conflict, 422, **body)["code"] == "invalid"


def test_what_is_settled_cannot_be_settled_again(script):
    _, conflict = conflicting()
    resolve(script, conflict, choice="theirs")

    assert resolve(script, conflict, 409, choice="ours")["code"] == "clash"
    assert db.session.scalars(select(Campaign.title)).all() == ["Theirs"]


@pytest.mark.parametrize("number", ["1", "x", "0", "9" * 30])
def test_a_conflict_that_is_not_there_is_a_404(script, number):
    error = script.post(f"/conflicts/{number}/resolve", {"choice": "ours"}, 404)

    assert error["code"] == "not_found"
