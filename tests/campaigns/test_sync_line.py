"""The words of the sync line, state by state."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.campaigns.models import Campaign, Change
from webapp.campaigns.queries import MADE_THERE
from webapp.campaigns.said import Stop
from webapp.campaigns.sync_line import Situation, describe

NOW = datetime(2026, 3, 2, 19, 2, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def line(state, *changes, detail=None, synced_at=NOW, **situation):
    remote_id = situation.pop("remote_id", "r-1")
    campaign = Campaign(sync_state=state, sync_detail=detail, synced_at=synced_at, changed_at=NOW)
    campaign.remote_id = remote_id
    campaign.archived_at = situation.pop("archived_at", None)
    latest = {change.state: change for change in changes}
    return describe(Situation(campaign, latest, NOW, NEW_YORK, **situation))


def change(state, **values):
    return Change(state=state, **{"next_attempt_at": NOW} | values)


def test_confirmed_says_when_in_the_zone_of_the_operators():
    assert line("confirmed").words == "Confirmed by Megaphone 14:02"


def test_confirmed_on_another_day_says_the_day():
    before = NOW - timedelta(days=1)
    assert line("confirmed", synced_at=before).words == "Confirmed by Megaphone 1 Mar 2026 14:02"


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(seconds=-5), "Waiting, sends in a moment"),
        (timedelta(seconds=5), "Waiting, sends in a moment"),
        (timedelta(seconds=40), "Waiting, sends in 1 min"),
        (timedelta(minutes=4), "Waiting, sends in 4 min"),
    ],
)
def test_waiting_says_how_long(later, words):
    assert line("waiting", change("ready", next_attempt_at=NOW + later)).words == words


def test_waiting_after_a_failure_says_what_failed():
    waiting = change("ready", last_error="Megaphone could not be reached.")
    assert line("waiting", waiting).more == "Megaphone could not be reached."


@pytest.mark.parametrize(
    ("left", "minutes"), [(timedelta(seconds=110), 2), (timedelta(seconds=-30), 1)]
)
def test_an_unknown_outcome_is_being_checked_and_never_to_be_tried_again(left, minutes):
    checking = line("checking", change("settling", settle_until=NOW + left))

    assert checking.words == (f"Checking with Megaphone whether it arrived, about {minutes} min")
    assert "again" not in f"{checking.words} {checking.more}"


def test_a_refusal_gives_the_reason_and_the_next_step():
    refused = line("refused", change("rejected", last_error="The title is taken"))

    assert (refused.words, refused.more) == ("Refused", "The title is taken. Edit to mend it.")


def test_a_refusal_without_its_change_takes_the_campaign_s_detail():
    assert line("refused", detail="Too small.").more == "Too small. Edit to mend it."


def test_a_conflict_names_the_fields():
    assert line("conflict", detail="budget, title").words == "Conflict in budget, title"


def test_parked_says_what_is_the_matter():
    parked = line("parked", change("parked", last_error="It is not in Megaphone any more."))

    assert (parked.words, parked.more) == ("Needs you", "It is not in Megaphone any more.")


def test_gone_says_since_when():
    since = NOW - timedelta(hours=3)
    assert line("gone", gone_at=since).words == "Gone from Megaphone since 11:02"


def test_on_hold_says_by_whom_and_offers_release():
    held = line("waiting", change("held", id=7, held_by="Ana"), change("ready", id=8))

    assert (held.words, held.verbs, held.change_id) == ("On hold by Ana", ("release", "undo"), 7)


def test_waiting_can_be_undone_from_the_line():
    waiting = line("waiting", change("ready", id=7))
    assert (waiting.verbs, waiting.change_id) == (("undo",), 7)


def test_put_off_says_until_when():
    later = change("ready", not_before=NOW + timedelta(days=1))
    assert line("waiting", later).words == "Waiting, sends at 3 Mar 2026 14:02"


def test_put_off_until_a_moment_that_is_over_waits_like_any_other():
    over = change("ready", not_before=NOW - timedelta(hours=1))
    assert line("waiting", over).words == "Waiting, sends in a moment"


def test_all_sending_on_hold_says_why():
    stopped = line("waiting", change("ready"), stop=Stop("all sending was paused by Ana", "Audit."))
    assert (stopped.words, stopped.more) == ("Waiting, all sending was paused by Ana", "Audit.")


def test_a_silent_ad_server_is_said_with_what_it_last_answered():
    silent = line("waiting", change("ready", last_error="503"), is_silent=True)
    assert (silent.words, silent.more) == ("Waiting, Megaphone does not answer", "503")


def test_only_a_lost_answer_that_settles_can_be_asked_about():
    assert line("checking", change("settling", id=7, settle_until=NOW)).verbs == ("find out",)
    assert line("checking", change("probing", settle_until=NOW)).verbs == ()


def test_a_booking_that_was_taken_back_was_never_there():
    never = line("gone", remote_id=None)

    assert never.words == "Not in Megaphone"
    assert never.verbs == ("book",)


@pytest.mark.parametrize(("code", "verbs"), [(None, ("settle",)), (MADE_THERE, ())])
def test_parked_in_the_archive_needs_nobody(code, verbs):
    stuck = change("parked", last_error="Another campaign is it.", error_code=code)

    parked = line("parked", stuck, archived_at=NOW)

    assert (parked.words, parked.more) == ("Parked", "Another campaign is it.")
    assert parked.verbs == verbs
    assert parked.is_stopped


@pytest.mark.parametrize("state", ["parked", "gone"])
def test_what_nothing_moves_on_by_itself_leads_to_what_can_be_done(state):
    assert line(state).verbs == ("settle",)
