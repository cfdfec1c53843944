"""The rate limiter: never too many in any minute, and nobody important waits long."""

import threading
from collections.abc import Callable
from itertools import cycle, islice, pairwise

import pytest

from tests.core.crowd import most_in_a_minute
from tests.core.threadtime import PATIENCE, ThreadTime
from webapp.core.ratelimit import NoSlot, Priority, RateLimiter

PUSH, PROBE, PULL = Priority


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
def limiter(clock: FakeTime) -> RateLimiter:
    return limiter_for(60, clock)


def limiter_for(rate: int, clock: FakeTime) -> RateLimiter:
    return RateLimiter(rate, monotonic=clock, sleep=clock.sleep)


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize(("rate", "most"), [(60, 54), (10, 9), (2, 1), (1, 1), (600, 540)])
def test_no_minute_holds_more_than_nine_tenths_of_the_promise(
    clock: FakeTime, priority: Priority, rate: int, most: int
) -> None:
    limiter = limiter_for(rate, clock)
    times = []
    for _ in range(3 * most):
        limiter.acquire(priority)
        times.append(clock.now)
    assert most_in_a_minute(times) <= most


def test_no_minute_holds_too_many_whatever_the_mix_and_the_pauses(clock: FakeTime) -> None:
    limiter = limiter_for(60, clock)
    times = []
    pauses = cycle([0, 0, 0, 0.3, 0, 2, 0, 0, 9, 0, 0.1, 0, 0])
    for priority in islice(cycle([PULL, PUSH, PULL, PROBE, PUSH]), 800):
        limiter.acquire(priority)
        times.append(clock.now)
        clock.now += next(pauses)
    assert most_in_a_minute(times) <= 54


def test_bursts_after_short_rests_do_not_add_up(clock: FakeTime, limiter: RateLimiter) -> None:
    times = []
    for number in range(250):
        if number % 10 == 0:
            clock.now += 5
        limiter.acquire(PUSH)
        times.append(clock.now)
    assert most_in_a_minute(times) <= 54


def test_calls_begin_as_a_burst_of_five_and_are_then_spread(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    waits = [limiter.acquire(PUSH) for _ in range(20)]
    assert waits[:5] == [0, 0, 0, 0, 0]
    assert all(1 < wait < 1.4 for wait in waits[5:])


def test_a_pull_alone_comes_close_to_the_promised_rate(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    began = clock.now
    for _ in range(500):
        limiter.acquire(PULL)
    assert 500 / (clock.now - began) * 60 > 48


def test_a_lone_edit_never_waits_behind_a_running_pull(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    for number in range(400):
        limiter.acquire(PULL)
        if number % 70 == 69:
            assert limiter.acquire(PUSH) + limiter.acquire(PUSH) == 0


def test_each_further_edit_during_a_pull_waits_a_second_or_two(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    for _ in range(200):
        limiter.acquire(PULL)
    assert max(limiter.acquire(PUSH) for _ in range(20)) < 2


def test_zero_means_no_limit(clock: FakeTime) -> None:
    limiter = limiter_for(0, clock)
    assert sum(limiter.acquire(PULL) for _ in range(1000)) == 0
    assert limiter.used() == 1000


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        RateLimiter(-1)


def test_used_counts_the_last_minute(clock: FakeTime, limiter: RateLimiter) -> None:
    for _ in range(3):
        limiter.acquire(PUSH)
    assert limiter.used() == 3
    clock.now += 60
    assert limiter.used() == 0


def test_no_slot_in_time_is_told_at_once_and_takes_none(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    for _ in range(5):
        limiter.acquire(PUSH)
    with pytest.raises(NoSlot) as caught:
        limiter.acquire(PUSH, clock.now + 1)
    assert caught.value.retry_in == pytest.approx(1.2, abs=0.1)
    assert clock.slept == 0
    assert limiter.used() == 5
    assert limiter.acquire(PUSH, clock.now + 1.4) == pytest.approx(1.2, abs=0.1)


@pytest.mark.parametrize("rate", [60, 0])
def test_after_a_penalty_everyone_waits_for_its_end(clock: FakeTime, rate: int) -> None:
    limiter = limiter_for(rate, clock)
    limiter.penalise(7)
    limiter.penalise(3)
    with pytest.raises(NoSlot):
        limiter.acquire(PUSH, clock.now + 6.9)
    assert limiter.acquire(PUSH) == pytest.approx(7)


def test_ready_in_tells_when_a_call_could_be_made(clock: FakeTime, limiter: RateLimiter) -> None:
    assert limiter.ready_in(PUSH) == 0
    for _ in range(5):
        limiter.acquire(PUSH)
    wait = limiter.ready_in(PUSH)
    assert limiter.used() == 5
    assert limiter.acquire(PUSH) == pytest.approx(wait)


def test_who_gives_up_is_not_waited_for(clock: FakeTime, limiter: RateLimiter) -> None:
    for _ in range(5):
        limiter.acquire(PUSH)
    alone = limiter.ready_in(PUSH)
    with pytest.raises(NoSlot):
        limiter.acquire(PUSH, clock.now + 1)
    assert limiter.ready_in(PUSH) == alone


def test_a_penalty_is_an_hour_at_most_and_never_negative(
    clock: FakeTime, limiter: RateLimiter
) -> None:
    limiter.penalise(-5)
    assert limiter.acquire(PUSH) == 0
    limiter.penalise(1e12)
    assert 3600 <= limiter.acquire(PUSH) < 3602


class Contest:
    """Threads that want slots at the same time, on a clock of their own."""

    def __init__(self) -> None:
        self.order: list[Priority] = []
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.time = ThreadTime()
        self.limiter = RateLimiter(60, monotonic=self.time, sleep=self.time.sleep)

    def want(self, priority: Priority, until: Callable[[], bool]) -> threading.Thread:
        """A thread that is awake from now on: time stands still until it is started and sleeps."""

        def run() -> None:
            with self.time.awake():
                while not until():
                    self.limiter.acquire(priority)
                    with self.lock:
                        self.order.append(priority)
                        self.times.append(self.time())

        self.time.expect()
        return threading.Thread(target=run)


def run(threads: list[threading.Thread]) -> None:
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=PATIENCE)
        assert not each.is_alive()


def test_in_a_storm_of_pushes_a_pull_gets_at_least_one_slot_in_five() -> None:
    contest = Contest()

    def enough() -> bool:
        return len(contest.order) >= 90

    run([contest.want(PUSH, enough) for _ in range(4)] + [contest.want(PULL, enough)])
    pulls = contest.order[:90].count(PULL)
    assert 18 <= pulls <= 24
    places = [place for place, each in enumerate(contest.order) if each is PULL]
    assert max(later - earlier for earlier, later in pairwise(places)) <= 7
    assert most_in_a_minute(contest.times) <= 54


def test_pushes_go_before_probes_and_probes_before_pulls() -> None:
    contest = Contest()
    for _ in range(5):
        contest.limiter.acquire(PUSH)
    contest.limiter.penalise(15)
    once = {each: iter([False, True]) for each in Priority}
    pull, probe, push = (
        contest.want(each, lambda each=each: next(once[each])) for each in (PULL, PROBE, PUSH)
    )
    for each in (pull, probe):
        each.start()
    contest.time.wait_for_sleepers(2)
    run([push])
    for each in (pull, probe):
        each.join(timeout=PATIENCE)
    assert contest.order == [PUSH, PROBE, PULL]


def test_many_threads_never_share_a_slot() -> None:
    contest = Contest()

    def enough() -> bool:
        return len(contest.order) >= 60

    run([contest.want(priority, enough) for priority in Priority for _ in range(3)])
    assert most_in_a_minute(contest.times) <= 54
