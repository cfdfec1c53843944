"""Whose turn it is: no minute too full, the important first, nobody starved, the dead forgotten."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.crowd import Caller, Crowd, most_in_a_minute
from webapp.core.ratebudget import MOST_SKEW_SECONDS, Budget, Priority, Rules

PUSH, PROBE, PULL = Priority
FOR_EVER = 100_000


def storm(priority: Priority = PUSH, callers: int = 3) -> list[Caller]:
    """Callers who want one slot after the other, without an end."""
    return [Caller(priority, FOR_EVER, pause=0.05) for _ in range(callers)]


def crowds(skew: float) -> st.SearchStrategy[list[Caller]]:
    """Any number of callers of any kind, some with clocks that are ahead."""
    caller = st.builds(
        Caller,
        st.sampled_from(Priority),
        st.integers(1, 200),
        pause=st.sampled_from([0, 0.3, 2, 10, 30]),
        starts=st.floats(0, 100),
        skew=st.sampled_from([0.0, skew / 2, skew]),
    )
    return st.lists(caller, min_size=2, max_size=7)


def fullest_minute(callers: list[Caller]) -> int:
    crowd = Crowd()
    crowd.add(*callers)
    crowd.run()
    assert crowd.budget.granted == sorted(crowd.budget.granted)
    return most_in_a_minute(crowd.times)


@given(crowds(skew=0))
@settings(max_examples=40)
def test_no_minute_holds_more_than_54_calls_whoever_makes_them(callers: list[Caller]) -> None:
    assert fullest_minute(callers) <= 54


@given(crowds(skew=MOST_SKEW_SECONDS - 0.01))
@settings(max_examples=40)
def test_clocks_that_differ_a_little_never_make_it_more_than_60(callers: list[Caller]) -> None:
    assert fullest_minute(callers) <= 60


@pytest.mark.parametrize("pause", [0, 0.3, 1.0])
@pytest.mark.parametrize("pages", [1, 2, 5, 40, 200])
@pytest.mark.parametrize("storms", [[PUSH], [PUSH, PROBE]], ids=["pushes", "pushes and probes"])
def test_a_pull_ends_within_its_bound_in_any_storm(
    pages: int, pause: float, storms: list[Priority]
) -> None:
    crowd = Crowd()
    pull = Caller(PULL, pages, pause=pause, starts=70)
    crowd.add(pull, *(caller for priority in storms for caller in storm(priority)))
    crowd.run(until=lambda: len(pull.times) == pages)
    assert pull.times[-1] - crowd.began - pull.starts <= 5 * pages / 54 * 60


@pytest.mark.parametrize("starts", [5, 30, 59, 60, 61, 333])
def test_a_lone_edit_waits_less_than_two_seconds_while_a_pull_runs(starts: float) -> None:
    crowd = Crowd()
    edits = [Caller(PUSH, 2, pause=0.1, starts=starts + gap) for gap in (0, 5, 11, 40)]
    crowd.add(Caller(PULL, 500, pause=0.3), *edits)
    crowd.run()
    assert max(wait for edit in edits for wait in edit.waits) < 2


def test_a_storm_uses_what_there_is() -> None:
    crowd = Crowd()
    crowd.add(Caller(PULL, FOR_EVER), *storm())
    crowd.run(until=lambda: crowd.now > crowd.began + 600)
    assert len(crowd.times) / 10 > 53
    assert most_in_a_minute(crowd.times) == 54
    share = crowd.order.count(PULL) / len(crowd.order)
    assert 0.2 <= share <= 0.26


def test_a_pull_that_takes_its_time_over_each_page_is_owed_its_slots() -> None:
    crowd = Crowd()
    pull = Caller(PULL, FOR_EVER, pause=3.0)
    crowd.add(pull, *storm())
    crowd.run(until=lambda: crowd.now > crowd.began + 600)
    assert len(pull.times) / 10 > 10.8


def test_what_is_owed_is_forgotten_when_nobody_wants_it_any_more() -> None:
    crowd = Crowd()
    pull = Caller(PULL, 1)
    crowd.add(pull, *storm())
    crowd.run(until=lambda: crowd.now > crowd.began + 60)
    assert crowd.budget.owed == [0, 0, 0]


@pytest.mark.parametrize("priority", Priority)
def test_one_that_died_while_waiting_blocks_nobody_for_long(priority: Priority) -> None:
    crowd = Crowd()
    crowd.add(Caller(PUSH, 5))
    dead = Caller(PUSH, 1, starts=0.1, dies_at=crowd.began + 0.2)
    other = Caller(priority, 1, starts=0.15)
    crowd.add(dead, other)
    crowd.run(until=lambda: crowd.now > crowd.began + 60)
    assert dead.times == []
    assert [wait < 6 for wait in other.waits] == [True]


def test_who_waits_longest_is_first_among_equals() -> None:
    crowd = Crowd()
    callers = [Caller(PROBE, 1, starts=number / 100) for number in range(8)]
    crowd.add(*reversed(callers))
    crowd.run()
    assert [each.times[0] for each in callers] == sorted(each.times[0] for each in callers)


def test_a_clock_set_back_by_hours_neither_stops_nor_frees_anything() -> None:
    crowd = Crowd(began=100_000.0)
    first, second = Caller(PULL, 60), Caller(PULL, 60, starts=80, skew=-7200.0)
    crowd.add(first, second)
    crowd.run(until=lambda: len(first.times) == 60)
    done = crowd.now
    first.skew = -7200.0
    crowd.run()
    assert most_in_a_minute(crowd.times) <= 54
    assert crowd.now - done < 90


def test_a_penalty_outlasts_a_clock_set_back() -> None:
    rules, budget = Rules(60), Budget()
    rules.penalise(budget, 10_000.0, 30)
    assert rules.ready_in(budget, 4_000.0, PUSH) == pytest.approx(30)


def test_ready_in_says_how_long_a_newcomer_would_wait() -> None:
    rules, budget, now = Rules(60), Budget(), 1000.0
    assert rules.ready_in(budget, now, PUSH) == 0
    for number in range(3):
        assert rules.ask(budget, now, str(number), PUSH) is None
    # Two are left: for pushes alone.
    assert rules.ready_in(budget, now, PUSH) == 0
    assert 1 < rules.ready_in(budget, now, PULL) < 1.3
    for number in range(3, 5):
        assert rules.ask(budget, now, str(number), PUSH) is None
    alone = rules.ready_in(budget, now, PUSH)
    assert 1 < alone < 1.3
    assert rules.ask(budget, now, "waits", PUSH) is not None
    assert rules.ready_in(budget, now, PUSH) == pytest.approx(2 * alone)
    assert rules.ask(budget, now, "waits behind", PULL) is not None
    assert rules.ready_in(budget, now, PUSH) == pytest.approx(2 * alone)
    rules.penalise(budget, now, 40)
    assert rules.ready_in(budget, now, PUSH) > 40


def test_looking_takes_no_slot_and_changes_nothing_that_matters() -> None:
    rules, budget = Rules(60), Budget()
    rules.ask(budget, 1000.0, "one", PULL)
    before = budget.dump()
    rules.ready_in(budget, 1000.0, PULL)
    assert rules.used(budget, 1000.0) == 1
    assert budget.dump() == before


def test_a_budget_written_by_another_version_can_be_read() -> None:
    assert Budget.load({}) == Budget()
    assert Budget.load({"granted": [1.0], "of a later version": 1}) == Budget(granted=[1.0])
