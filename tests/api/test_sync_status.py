"""Where a campaign's changes are: a script asks again while they move, and only then."""

from datetime import UTC, datetime, timedelta

import pytest

from tests import factories
from tests.api.scripts import Script
from webapp.campaigns.models import CREATE, HELD, SETTLING, STUCK
from webapp.connections.models import Connection
from webapp.core.db import db

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read"))


def test_where_a_campaign_s_changes_are(script):
    campaign = factories.campaign(title="Ours", synced_at=WHEN)
    campaign.base = campaign.base | {"title": "Theirs"}
    campaign.sync_state = "waiting"
    change = factories.change(campaign, state=HELD, held_by="ana@example.com", created_at=WHEN)

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    waiting = found.pop("waiting")
    assert found == {
        "campaign_id": str(campaign.uuid),
        "megaphone_id": campaign.remote_id,
        "state": "waiting",
        "words": "On hold by ana@example.com",
        "detail": "Nothing of this campaign is sent until it is released.",
        "moving": False,
        "synced_at": "2026-03-02T09:30:00.000Z",
        "next_attempt_at": None,
        "unconfirmed": [{"field": "title", "remote": "Theirs"}],
        "open_conflicts": 0,
    }
    assert waiting[0]["id"] == str(change.id)
    assert waiting[0]["effects"] == [{"field": "title", "before": "Theirs", "after": "Ours"}]
    assert waiting[0]["held_by"] == "ana@example.com"


PAUSED_BY_ANA = {"held_at": WHEN, "held_by": "Ana", "hold_reason": "An audit."}
REFUSED_TOKEN = {"state": "paused", "state_reason": "Megaphone refused the token."}


def stop(campaign, values):
    connection = db.session.get_one(Connection, campaign.connection_id)
    for name, value in values.items():
        setattr(connection, name, value)


@pytest.mark.parametrize(
    ("stopped_by", "words"),
    [
        (PAUSED_BY_ANA, "Waiting, all sending was paused by Ana. An audit."),
        (
            REFUSED_TOKEN,
            "Waiting, nothing is sent while Megaphone is paused. Megaphone refused the token.",
        ),
    ],
)
def test_what_waits_for_somebody_does_not_move_and_says_so(client, stopped_by, words):
    script = Script(client, factories.api_token("read write"))
    campaign = factories.campaign()
    stop(campaign, stopped_by)

    saved = script.put(f"/campaigns/{campaign.uuid}", {"title": "After"})
    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert saved["sync"] == {"state": "waiting", "detail": words}
    assert script.get(f"/campaigns/{campaign.uuid}")["sync"] == saved["sync"]
    assert (found["state"], found["moving"], found["next_attempt_at"]) == ("waiting", False, None)
    assert f"{found['words']}. {found['detail']}" == words


@pytest.mark.parametrize(("stopped_by", "moving"), [(PAUSED_BY_ANA, True), (REFUSED_TOKEN, False)])
def test_what_is_checked_moves_as_long_as_the_ad_server_is_asked(script, stopped_by, moving):
    campaign = factories.campaign(sync_state="checking")
    factories.change(campaign, state=SETTLING)
    stop(campaign, stopped_by)

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert found["moving"] is moving
    assert ("nothing is asked" in found["words"]) is not moving


def test_what_is_on_its_way_has_no_words_of_its_own_and_says_when(script):
    campaign = factories.campaign(sync_state="waiting")
    factories.change(campaign, next_attempt_at=WHEN, not_before=WHEN + timedelta(days=1))

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert (found["moving"], found["next_attempt_at"]) == (True, "2026-03-03T09:30:00.000Z")
    assert script.get(f"/campaigns/{campaign.uuid}")["sync"]["detail"] is None


def test_in_a_conflict_the_ad_server_s_value_is_its_newest(script):
    campaign = factories.campaign(title="Ours", sync_state="conflict")
    campaign.base = campaign.base | {"title": "Agreed"}
    factories.conflict(campaign, "title", theirs="Theirs")
    factories.change(campaign, next_attempt_at=WHEN)
    stop(campaign, PAUSED_BY_ANA)

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert found["unconfirmed"] == [{"field": "title", "remote": "Theirs"}]
    assert (found["moving"], found["next_attempt_at"]) == (False, None)


def test_behind_a_booking_that_needs_somebody_nothing_is_sent(script):
    campaign = factories.campaign(remote_id=None, sync_state="parked")
    factories.change(campaign, kind=CREATE, state=STUCK)
    factories.change(campaign, next_attempt_at=WHEN)

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert (found["state"], found["moving"], found["next_attempt_at"]) == ("parked", False, None)


def test_a_confirmed_campaign_has_nothing_on_its_way(script):
    found = script.get(f"/campaigns/{factories.campaign().uuid}/sync-status")

    assert (found["state"], found["moving"]) == ("confirmed", False)
    assert found["waiting"] == found["unconfirmed"] == []


def test_what_is_unknown_is_being_checked(script):
    campaign = factories.campaign(sync_state="checking")
    factories.change(campaign, state=SETTLING)

    found = script.get(f"/campaigns/{campaign.uuid}/sync-status")

    assert (found["state"], found["moving"]) == ("checking", True)
