"""What operators and workers do once faults have ended: finish and decide all that is open."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from tests.proof.editor import THEIRS
from tests.proof.operators import ANA
from tests.proof.world import World
from webapp.campaigns.models import HELD, PARKED, REFUSED, Campaign
from webapp.core.db import db
from webapp.sandbox.records import Record
from webapp.sandbox.seed import Dice
from webapp.sync import service as runs
from webapp.sync.models import APPLY, BRAKED, COMPLETE, SyncRun

SHOWN = (Campaign.id, Campaign.remote_id, Campaign.sync_state, Campaign.title, Campaign.marker)
MOST_ROUNDS = 60
ROUND_SECONDS = 31.0
MOST_SECONDS = 4 * 3600.0


def drain(world: World, rng: Dice, trace: list[str]) -> bool:
    """Work and decide until nothing is open, then pull twice. False when it never ends."""
    pulls, began = 0, world.clock.elapsed
    _release(world)
    for number in range(MOST_ROUNDS):
        # Nothing happens before something falls due.
        least = ROUND_SECONDS if number < MOST_ROUNDS / 2 else 10 * ROUND_SECONDS
        world.clock.move(max(least, world.looks.next_due() + 0.01))
        for job in ("push", "probe", "push"):
            world.work(job)
        _decide(world, rng, trace)
        world.looks.look_for_late()
        if world.clock.elapsed > began + MOST_SECONDS:
            return False
        if _open(world):
            # A pause is lifted by a pull that goes well.
            if number % 4 == 3:
                _pull(world, trace)
            continue
        if pulls >= 2:
            return True
        pulls += _pull(world, trace)
    return False


def _pull(world: World, trace: list[str]) -> bool:
    """Whether a pull saw the whole list. Lists are true by now: what is missing is let go."""
    state = world.pull()
    if state == BRAKED:
        refusal = world.operators.on_run(_let_go)
        trace.append(f"we apply what the brake stopped {refusal or ''}")
        world.work("pull")
    return state in (COMPLETE, BRAKED)


def _let_go(run: SyncRun) -> SyncRun:
    return runs.decide_brake(ANA, run, APPLY)


def _release(world: World) -> None:
    """Nothing stays on hold or put off."""
    world.operators.release_all()
    for change_id, state in world.operators.waiting():
        world.operators.put_off(change_id, None)
        if state == HELD:
            world.operators.on_change("release", change_id)


def _open(world: World) -> bool:
    return bool(world.looks.unfinished()) or not world.clock.is_quiet


def _decide(world: World, rng: Dice, trace: list[str]) -> None:
    for campaign_id, conflict_id in world.operators.open_conflicts():
        decision = rng.choice(("ours", "theirs"))
        world.operators.decide(campaign_id, conflict_id, decision)
        trace.append(f"we decide conflict {conflict_id}: {decision}")
    for row in _in_trouble(world):
        _settle(world, row, trace)


def _in_trouble(world: World) -> Sequence[Any]:
    def find() -> Sequence[Any]:
        query = select(*SHOWN)
        return db.session.execute(query.where(Campaign.sync_state.in_((REFUSED, PARKED)))).all()

    return world.act(find)


def _settle(world: World, row: Any, trace: list[str]) -> None:
    """Refused: edit it again. Parked: look there first, as people are told to."""
    there = {each["id"]: each for each in world.editor.campaigns()}
    if row.remote_id and row.remote_id not in there:
        return
    if row.remote_id or row.sync_state == REFUSED:
        trace.append(f"we edit {row.id} again: {row.sync_state}")
        # An external id may be what was refused.
        groups = ["title", "external_id"] if row.sync_state == REFUSED else ["title"]
        world.operators.edit(row.id, groups)
        return
    titles = world.operators.journal.titles(row.id)
    found = [each for each in there.values() if _may_be(each, row, titles)]
    # An external id may be another's too; a title says which it is.
    for each in sorted(found, key=lambda each: bool(each["title"] != row.title)):
        refusal = world.operators.link(row.id, each["id"])
        trace.append(f"we look and link {row.id} {refusal or ''}")
        if refusal is None:
            return
    if found:
        return
    if world.clock.is_quiet:
        refusal = world.operators.book_again(row.id)
        trace.append(f"we look and book {row.id} again {refusal or ''}")


def _may_be(record: Record, row: Any, titles: set[str]) -> bool:
    # Its title tells what their own people have booked.
    is_theirs = record["title"].startswith(THEIRS)
    is_marked = row.marker is not None and record["externalId"] == row.marker
    return bool((is_marked and not is_theirs) or record["title"] in titles)
