"""ETags: nothing new is a 304, and nobody's change is overwritten unseen."""

import contextvars
import uuid
from dataclasses import replace

import pytest

from tests import factories
from tests.api.scripts import Script
from tests.support.threads import in_threads
from webapp.audit.service import Actor
from webapp.campaigns import service
from webapp.campaigns.models import Campaign
from webapp.core.db import db

ANA = Actor("ana@example.com", "web")


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write"))


@pytest.fixture
def campaign(app):
    return factories.campaign(title="Before", budget=(500_000, "USD"), external_id="IO-1")


def etag_of(script, campaign):
    return script.call("GET", f"/campaigns/{campaign.uuid}").headers["ETag"]


def meanwhile(campaign, **columns):
    """Somebody else saves other values."""
    stored = db.session.get_one(Campaign, campaign.id, populate_existing=True)
    values = replace(factories.values_of(stored), **columns)
    service.edit_campaign(ANA, stored, values, stored.version, uuid.uuid4())


def test_what_is_known_already_is_not_sent_again(script, campaign):
    path = f"/campaigns/{campaign.uuid}"
    etag = etag_of(script, campaign)

    again = script.call("GET", path, 304, If_None_Match=etag)
    assert again.data == b""
    assert again.headers["ETag"] == etag

    script.put(path, {"notes": "New."}, 200)

    assert script.call("GET", path, If_None_Match=etag).json["notes"] == "New."


@pytest.mark.parametrize("change", ["sync_state", "synced_at", "owner", "advertiser"])
def test_whatever_is_shown_makes_another_etag(script, campaign, change):
    etag = etag_of(script, campaign)
    stored = db.session.get_one(Campaign, campaign.id)
    if change == "sync_state":
        stored.sync_state = "waiting"
    elif change == "synced_at":
        stored.synced_at = factories.SOME_DAY.replace(year=2030)
    elif change == "owner":
        stored.owner_id = factories.operator().id
    else:
        db.session.get_one(factories.Advertiser, stored.advertiser_id).name = "Renamed"

    shown = script.call("GET", f"/campaigns/{campaign.uuid}", 200, If_None_Match=etag)

    assert shown.headers["ETag"] != etag


@pytest.mark.parametrize("query", ["", "?cursor=start", "?search=before"])
def test_a_list_that_is_known_already_is_not_sent_again(script, campaign, query):
    etag = script.call("GET", f"/campaigns{query}").headers["ETag"]

    assert script.call("GET", f"/campaigns{query}", 304, If_None_Match=etag).data == b""
    meanwhile(campaign, title="Before and after")
    script.call("GET", f"/campaigns{query}", 200, If_None_Match=etag)


def test_who_saw_what_is_there_may_change_it(script, campaign):
    path = f"/campaigns/{campaign.uuid}"

    first = script.call("PUT", path, 202, {"title": "A"}, If_Match=etag_of(script, campaign))
    second = script.call("PUT", path, 202, {"title": "B"}, If_Match=first.headers["ETag"])
    third = script.call("PUT", path, 202, {"title": "C"}, If_Match=f'"{second.json["version"]}"')
    last = script.call("PUT", path, 202, {"title": "D"}, If_Match="*")

    answers = [each.json["title"] for each in (first, second, third, last)]
    assert answers == ["A", "B", "C", "D"]


def test_the_ad_server_s_confirmation_does_not_get_in_the_way(script, campaign):
    etag = etag_of(script, campaign)
    db.session.get_one(Campaign, campaign.id).synced_at = factories.SOME_DAY.replace(year=2030)

    saved = script.call("PUT", f"/campaigns/{campaign.uuid}", 202, {"title": "A"}, If_Match=etag)

    assert saved.json["title"] == "A"


def test_who_saw_something_else_is_shown_the_difference_and_nothing_is_saved(script, campaign):
    path = f"/campaigns/{campaign.uuid}"
    other = factories.advertiser(name="Other")
    base_advertiser = str(campaign.advertiser_id)
    etag = etag_of(script, campaign)
    meanwhile(
        campaign,
        title="Theirs",
        total_budget_minor=700_050,
        advertiser_id=other.id,
        copy_needed=True,
        notes="Theirs.",
    )
    sent = {
        "title": "Yours",
        "total_budget_cents": 900_000,
        "advertiser_id": factories.advertiser(name="Third").id,
        "external_id": "IO-2",
        "notes": "Yours.",
        "copy_needed": True,
    }

    answer = script.call("PUT", path, 412, sent, If_Match=etag)

    error = answer.json
    assert error["code"] == "changed_meanwhile"
    known = {each.pop("field"): each for each in error["changes"]}
    assert all(each.pop("base_known") for each in known.values())
    assert known == {
        "title": {"base": "Before", "theirs": "Theirs", "yours": "Yours"},
        "advertiser_id": {
            "base": base_advertiser,
            "theirs": str(other.id),
            "yours": str(sent["advertiser_id"]),
        },
        "external_id": {"base": "IO-1", "theirs": "IO-1", "yours": "IO-2"},
        "total_budget_cents": {"base": 500_000, "theirs": 700_050, "yours": 900_000},
        "notes": {"base": None, "theirs": "Theirs.", "yours": "Yours."},
    }
    now = script.call("GET", path)
    assert now.json["title"] == "Theirs"
    assert answer.headers["ETag"] == now.headers["ETag"]
    assert error["version"] == now.json["version"]
    script.call("PUT", path, 202, sent, If_Match=now.headers["ETag"])


def difference(field, base, theirs, yours):
    sides = {"base": base, "theirs": theirs, "yours": yours}
    return {"field": field, "base_known": True, **sides}


def test_who_saw_something_else_is_shown_what_only_the_others_changed(script, campaign):
    path = f"/campaigns/{campaign.uuid}"
    etag = etag_of(script, campaign)
    meanwhile(campaign, total_budget_minor=700_050, copy_needed=True, notes="For now.")
    meanwhile(campaign, total_budget_minor=700_050, copy_needed=True, notes=None)
    script.put(f"{path}/archive", {"archived": True}, 200)

    error = script.call("PUT", path, 412, {"title": "Mine"}, If_Match=etag).json

    assert error["changes"] == [
        difference("title", "Before", "Before", "Mine"),
        difference("copy_needed", False, True, False),
        difference("total_budget_cents", 500_000, 700_050, 500_000),
        difference("archived", False, True, False),
    ]


def test_of_two_advertisers_of_one_name_nobody_knows_which_was_read(script, campaign):
    path = f"/campaigns/{campaign.uuid}"
    one, other = factories.advertiser(name="Same"), factories.advertiser(name="Same")
    script.put(path, {"advertiser_id": str(one.id)})
    etag = etag_of(script, campaign)
    script.put(path, {"advertiser_id": str(other.id)})

    error = script.call("PUT", path, 412, {"title": "Mine"}, If_Match=etag).json

    unknown = {"base": None, "base_known": False, "theirs": str(other.id), "yours": None}
    assert error["changes"][1] == {"field": "advertiser_id", **unknown}


def test_of_a_version_alone_nothing_is_known_but_what_is_sent(script, campaign):
    meanwhile(campaign, notes="Theirs.")
    sent = {"title": "Mine"}

    error = script.call("PUT", f"/campaigns/{campaign.uuid}", 412, sent, If_Match='"1"').json

    assert [(each["field"], each["base_known"]) for each in error["changes"]] == [("title", False)]


@pytest.mark.parametrize("archived", [True, False])
def test_archiving_is_turned_away_like_other_changes(script, campaign, archived):
    path = f"/campaigns/{campaign.uuid}"
    script.put(f"{path}/archive", {"archived": not archived}, 200)
    etag = etag_of(script, campaign)
    meanwhile(campaign, title="Theirs")
    sent = {"archived": archived}

    answer = script.call("PUT", f"{path}/archive", 412, sent, If_Match=etag)

    assert answer.json["code"] == "changed_meanwhile"
    changes = {each["field"]: each for each in answer.json["changes"]}
    assert changes == {
        "archived": difference("archived", not archived, not archived, archived),
        "title": difference("title", "Before", "Theirs", "Before"),
    }
    now = script.call("GET", path)
    assert (now.json["archived"], now.headers["ETag"]) == (not archived, answer.headers["ETag"])
    script.call("PUT", f"{path}/archive", 200, {"archived": not archived}, If_Match=etag)
    script.call("PUT", f"{path}/archive", 200, sent, If_Match=now.headers["ETag"])


def test_who_only_names_a_version_is_not_told_what_it_was(script, campaign):
    meanwhile(campaign, title="Theirs")

    error = script.put(f"/campaigns/{campaign.uuid}", {"title": "Yours"}, 412, If_Match='"1"')

    assert error["changes"] == [
        {"field": "title", "base": None, "base_known": False, "theirs": "Theirs", "yours": "Yours"}
    ]


@pytest.mark.parametrize("etag", ['"nonsense"', '"-"', '"999-1-x"', "", '"1x"', '"'])
def test_an_etag_that_is_none_of_ours_matches_nothing(script, campaign, etag):
    path = f"/campaigns/{campaign.uuid}"

    script.call("PUT", path, 412, {"title": "Yours"}, If_Match=etag)

    assert script.get(path)["title"] == "Before"


def test_a_change_that_is_sent_twice_does_no_harm(script, campaign):
    path, etag = f"/campaigns/{campaign.uuid}", etag_of(script, campaign)

    script.put(path, {"title": "After"}, 202, If_Match=etag)
    again = script.call("PUT", path, 200, {"title": "After"}, If_Match=etag)

    assert again.json["version"] == 2


def test_without_if_match_the_last_one_wins_in_what_it_sends(script, campaign):
    meanwhile(campaign, title="Theirs", notes="Theirs.")

    found = script.put(f"/campaigns/{campaign.uuid}", {"title": "Yours"})

    assert (found["title"], found["notes"]) == ("Yours", "Theirs.")


def test_of_two_writers_at_once_who_saw_the_same_one_is_turned_away(script, campaign, app):
    path, etag = f"/api/v1/campaigns/{campaign.uuid}", etag_of(script, campaign)
    db.session.commit()
    headers = {
        "Authorization": f"Bearer {script.token}",
        "Prefer": "respond-async",
        "If-Match": etag,
    }

    def write(number):
        def send():
            client = app.test_client()
            body = {"title": f"Writer {number}"}
            return contextvars.Context().run(client.put, path, json=body, headers=headers)

        return send

    answers = in_threads([write(number) for number in range(4)])

    assert sorted(answer.status_code for answer in answers) == [202, 412, 412, 412]
    winner = next(answer.json for answer in answers if answer.status_code == 202)
    db.session.expire_all()
    stored = db.session.get_one(Campaign, campaign.id)
    assert (stored.title, stored.version) == (winner["title"], 2)
    for answer in answers:
        if answer.status_code == 412:
            assert answer.json["changes"][0]["theirs"] == winner["title"]
            assert answer.json["changes"][0]["base"] == "Before"
