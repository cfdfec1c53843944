"""``flask audit``: looking at the record, taking it along, and dropping what is too old."""

import json
from datetime import timedelta

import pytest

from tests.audit.past_events import behind_its_back, do, happen, sealed
from tests.cli.conftest import Terminal
from webapp.audit import queries, seals
from webapp.core.clock import utc_now

LONG_AGO = timedelta(days=500)


def test_verify_says_that_all_is_well_and_what_to_note(terminal: Terminal) -> None:
    happen(3)
    assert terminal("audit", "seal").output == "1 seal made.\n"
    happen(2)
    result = terminal("audit", "verify")
    assert result.exit_code == 0
    assert "3 events in 1 seals" in result.output
    assert "2 wait for a seal" in result.output
    noted = result.output.split()[-1]
    assert terminal("audit", "verify", "--holds", noted).exit_code == 0
    assert terminal("audit", "verify", "--holds", "f" * 64).exit_code == 1


def test_verify_names_what_is_wrong_in_words_and_as_json(terminal: Terminal) -> None:
    happen(3)
    made = sealed()
    first_id, seal_id = made.first_id, made.id
    with behind_its_back():
        do("DELETE FROM audit_event WHERE id = :id", id=first_id)
    result = terminal("audit", "verify")
    assert result.exit_code == 1
    assert result.output.startswith(f"WRONG: Event {first_id} is missing")
    told = json.loads(terminal("audit", "verify", "--json").output)
    assert told["is_well"] is False
    assert (told["wrong"]["event_id"], told["wrong"]["seal_id"]) == (first_id, seal_id)


def test_export_writes_each_event_as_a_line_of_json(terminal: Terminal, tmp_path) -> None:
    happen(ago=LONG_AGO)
    happen(2)
    lines = terminal("audit", "export").output.splitlines()
    assert len(lines) == 3
    event = json.loads(lines[-1])
    assert (event["actor"], event["after"]) == ("tester@example.com", "1 é “x”")
    assert event["at"].endswith("+00:00")
    # Of the event itself: midnight may have been since.
    day = json.loads(lines[0])["at"][:10]
    file = tmp_path / "events.jsonl"
    done = terminal("audit", "export", "--since", day, "--until", day, "--output", str(file))
    assert (done.exit_code, done.output) == (0, "")
    assert len(file.read_text().splitlines()) == 1


class TestPruning:
    @pytest.fixture(autouse=True)
    def _long_history(self, terminal: Terminal) -> None:
        self.terminal = terminal
        for _ in range(2):
            happen(3, ago=LONG_AGO)
            self.second = sealed(now=utc_now() - LONG_AGO + timedelta(minutes=5)).id
        happen(4)
        seals.keep_up(utc_now, lambda: True)

    def test_what_is_old_goes_and_the_seals_still_follow_each_other(self) -> None:
        day = f"{utc_now() - timedelta(days=401):%Y-%m-%d}"
        done = self.terminal("audit", "prune", "--before", day)
        assert done.output.endswith("6 events of 2 seals were dropped.\n")
        assert len(queries.events_of("campaign", 7)) == 4
        result = self.terminal("audit", "verify")
        assert result.exit_code == 0
        assert "6 more were dropped" in result.output
        (told,) = queries.events_of("audit seal", self.second)
        assert told.action == "pruned"
        again = self.terminal("audit", "prune", "--before", day)
        assert again.output == "There is nothing to drop.\n"

    def test_nothing_that_is_not_old_enough_goes(self) -> None:
        day = f"{utc_now() - timedelta(days=399):%Y-%m-%d}"
        refused = self.terminal("audit", "prune", "--before", day)
        assert refused.exit_code == 1
        assert "kept 400 days" in refused.output
        assert len(queries.events_of("campaign", 7)) == 10

    def test_what_follows_a_pruned_seal_is_still_looked_at(self) -> None:
        day = f"{utc_now() - timedelta(days=401):%Y-%m-%d}"
        self.terminal("audit", "prune", "--before", day)
        with behind_its_back():
            do("UPDATE audit_event SET actor = 'x' WHERE object_type = 'campaign'")
        assert self.terminal("audit", "verify").exit_code == 1


def test_the_newest_seal_keeps_its_events_however_old(terminal: Terminal) -> None:
    for _ in range(2):
        happen(ago=LONG_AGO)
        sealed(now=utc_now() - LONG_AGO + timedelta(minutes=5))
    day = f"{utc_now() - timedelta(days=401):%Y-%m-%d}"
    assert terminal("audit", "prune", "--before", day).output.endswith(
        "1 events of 1 seals were dropped.\n"
    )
    assert len(queries.events_of("campaign", 7)) == 1
