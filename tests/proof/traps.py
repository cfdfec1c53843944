"""Short plots that bring the worker to the narrow places of the protocol, by a random way.

Chance alone meets them too seldom: a request that is applied at the last moment, a worker that
stands still with a claim in hand, a page that was read before a write and is merged after it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import requests

from tests.proof.network import SETTLE, Fate
from tests.proof.world import Plan

if TYPE_CHECKING:
    from tests.proof.schedule import Player

HOLD_UP = 4.9
OVER_THE_LEASE = (61, 70, 130)


def booking(player: "Player") -> None:
    """A booking that is held up at the socket, and applied as late as can be, or never."""
    player.book()
    fate = player.rng.choice(
        (Fate("late", SETTLE - 0.1), Fate("late", SETTLE - 0.1), Fate("lost"), Fate("cut"))
    )
    _with_fate(
        player, "POST", fate, lambda: _push(player, {"call 1": lambda: player.pause(HOLD_UP)})
    )
    if player.rng.random() < 0.5:
        player.look_alike()
    for _ in range(player.rng.randint(1, 3)):
        player.pause(player.world.looks.next_due() + player.rng.choice((0.01, 0.5, 2)))
        player.work("probe")
        player.work("push")


def standstill(player: "Player") -> None:
    """A worker stands still with a claim in hand for longer than its lease; another goes on."""
    player.rng.choice((player.book, player.edit_ours))()

    def overtake() -> None:
        player.pause(player.rng.choice(OVER_THE_LEASE))
        player.say("  overtaken")
        for job in ("push", "probe", "push"):
            player.world.work(job, worker=1)

    _push(player, {player.rng.randint(5, 10): overtake})


def stale_page(player: "Player") -> None:
    """What a pull has read is changed by us before the pull comes to merge it."""

    def meanwhile() -> None:
        player.edit_ours()
        player.world.work("push", worker=1)

    player.world.ask_for_pull()
    player.say("a pull, and we edit meanwhile")
    player.world.work("pull", 0, {f"answered {player.rng.randint(3, 7)}": meanwhile})


def stale_read(player: "Player") -> None:
    """They edit right after we looked, and what we saw takes long to arrive."""
    player.edit_ours()
    edited: list[str] = []

    def fate(request: requests.PreparedRequest) -> Fate | None:
        remote_id = (request.url or "").rpartition("/")[2]
        if request.method != "GET" or edited:
            return None
        edited.append(remote_id)
        groups = [*player.some_groups(), "title"]
        player.world.clock.after(0.1, lambda: player.world.editor.edit(remote_id, groups))
        return Fate("stale", player.rng.choice((3, 9, 14)))

    player.world.network.fate = fate
    _push(player, {})
    player.world.network.fate = player.fate


def hidden(player: "Player") -> None:
    """Some records may not be seen for a while: no list has them, and reading them is refused."""
    share = player.rng.choice((0.05, 0.1, 0.15, 0.2, 0.3))
    rule = {"action": "hide", "share": share, "counted": False, "path": "/campaigns"}
    player.world.standin.faults.add([rule])
    player.world.network.fate = lambda _: None
    player.say(f"{share:.0%} of all is hidden for some pulls")
    for _ in range(player.rng.randint(2, 3)):
        player.pause(61)
        player.world.pull()
    player.world.standin.faults.clear()
    player.world.network.fate = player.fate


def late_echo(player: "Player") -> None:
    """A write arrives late, and we have edited the same field again meanwhile."""
    player.edit_ours()
    fate = player.rng.choice((Fate("late", 60), Fate("cut"), Fate("garbage")))
    _with_fate(player, "PUT", fate, lambda: _push(player, {}))
    player.edit_ours()
    player.pause(player.world.looks.next_due() + 0.5)
    player.work("push")
    player.work("probe")


def far_too_late(player: "Player") -> None:
    """A booking is applied when nothing is any more: the one case that can make two of it."""
    player.book()
    fate = Fate("late", SETTLE + player.rng.choice((60, 200)))
    _with_fate(player, "POST", fate, lambda: _push(player, {}))
    for turn in range(3):
        if turn == 1 and player.rng.random() < 0.5:
            # What is sent again is no longer what was sent.
            newest = max(player.world.operators.journal.booked, default=None)
            if newest is not None:
                player.world.operators.edit(newest, ["external_id"])
        player.pause(player.world.looks.next_due() + 0.5)
        player.work("probe")
        player.work("push")


def stranger(player: "Player") -> None:
    """They have something under the external id that we type, and our booking is lost."""
    external_id = f"IO-{player.rng.randint(100, 999)}"
    player.say(f"we book {external_id}, which they have")
    player.world.operators.book(external_id)
    player.world.editor.create(external_id)
    player.pause(player.rng.choice((10, 400, 700)))
    fate = player.rng.choice((Fate("lost"), Fate("late", 60), Fate("cut")))
    _with_fate(player, "POST", fate, lambda: _push(player, {}))
    for _ in range(3):
        player.pause(player.world.looks.next_due() + 0.5)
        player.work("probe")
        player.work("push")


def refusal(player: "Player") -> None:
    """A write is definitely refused, and the worker looks again."""
    player.rng.choice((player.book, player.edit_ours))()
    fate = Fate("status", status=422)
    player.say("every write from here is refused")
    player.world.network.fate = lambda request: fate if request.method != "GET" else None
    for _ in range(2):
        _push(player, {})
        player.pause(player.rng.choice((2, 30)))
    player.world.network.fate = player.fate


def denied(player: "Player") -> None:
    """A write whose answer is lost arrives, and the record is then said not to be there."""
    player.edit_ours()
    fate = player.rng.choice((Fate("late", 60), Fate("cut"), Fate("garbage")))
    _with_fate(player, "PUT", fate, lambda: _push(player, {}))
    if player.rng.random() < 0.5:
        player.edit_ours()
    player.pause(player.world.looks.next_due() + 0.5)
    _with_fate(player, "GET", Fate("status", status=404), lambda: player.work("probe"))


TRAPS: tuple[Callable[["Player"], None], ...] = (
    booking,
    booking,
    standstill,
    standstill,
    stale_page,
    refusal,
    stale_read,
    hidden,
    late_echo,
    far_too_late,
    stranger,
    denied,
)


def _push(player: "Player", plan: Plan) -> None:
    player.say("worker 0: push, into a trap")
    player.world.work("push", 0, plan)


def _with_fate(player: "Player", method: str, fate: Fate, act: Callable[[], None]) -> None:
    player.say(f"every {method} from here: {fate}")
    player.world.network.fate = lambda request: fate if request.method == method else None
    act()
    player.world.network.fate = player.fate
