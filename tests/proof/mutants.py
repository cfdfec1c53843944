"""Each rule of the protocol, removed one at a time: the simulation must then fail.

A mutant takes one rule out of our own code, names the invariants of which one must break without
it, and a seed whose schedule is known to show it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from sqlalchemy import text

from tests.proof.invariants import broken
from tests.proof.schedule import Outcome, run
from tests.proof.stage import Stage
from tests.proof.world import World
from webapp.adservers.errors import OutcomeUnknown, Rejected
from webapp.adservers.megaphone import adapter
from webapp.adservers.types import MarkerSearch
from webapp.adservers.walk import Walk
from webapp.attention import queries as attention
from webapp.campaigns.fields import GROUPS
from webapp.campaigns.models import IN_FLIGHT, Campaign, Change
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sync import (
    absence,
    campaign_pages,
    duplicates,
    markers,
    merged_rows,
    outbox,
    payload,
    probe,
    pull,
    push,
    turns,
)
from webapp.sync.observations import next_observation

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Mutant:
    """``remove`` takes the rule out; ``sql`` takes out what the database guards besides."""

    name: str
    breaks: frozenset[str]
    remove: Callable[[Patch], None]
    seed: int
    sql: str = ""

    def play(self, stage: Stage, seed: int) -> Outcome:
        """One schedule without the rule."""
        with pytest.MonkeyPatch.context() as patch:
            self.remove(patch)
            return run(stage, seed, self._prepare)

    def is_killed(self, stage: Stage, seed: int) -> bool:
        return bool(broken(self.play(stage, seed).violations) & self.breaks)

    def _prepare(self, world: World) -> None:
        def drop() -> None:
            with transaction():
                db.session.execute(text(self.sql))

        if self.sql:
            world.act(drop)


def _may_be_sent_by(patch: Patch, rules: Callable[[], tuple[Any, ...]]) -> None:
    """Other rules, and every statement that was built with them built anew."""
    patch.setattr(turns, "_may_be_sent", rules)
    for module, name in (
        (turns, "to_send"),
        (turns, "next_to_send"),
        (outbox, "_is_any_to_send"),
    ):
        patch.setattr(module, name, cache(getattr(module, name).__wrapped__))


def _nothing_else_in_flight(patch: Patch) -> None:
    rules = turns._may_be_sent

    def without() -> tuple[Any, ...]:
        found = rules()
        kept = tuple(rule for rule in found if [*IN_FLIGHT] not in rule.compile().params.values())
        if len(kept) != len(found) - 1:
            raise AssertionError("the rule about changes in flight was not found")
        return kept

    _may_be_sent_by(patch, without)


def _fresh_read(patch: Patch) -> None:
    patch.setattr(push, "_read_first", lambda *_: None)


def _read_is_fresh(patch: Patch) -> None:
    patch.setattr(push, "READ_TO_SOCKET_SECONDS", 1e9)


def _mark_first(patch: Patch) -> None:
    """The mark is written when the write is over."""
    mark, write = outbox.mark_sent, push._write
    left: dict[str, Any] = {}

    def later(claim: Any, groups: Any, now: Any) -> None:
        left.update(claim=claim, groups=groups, now=now)

    def write_first(*args: Any) -> Any:
        try:
            return write(*args)
        finally:
            with transaction():
                mark(left["claim"], left["groups"], left["now"])

    patch.setattr(outbox, "mark_sent", later)
    patch.setattr(push, "_write", write_first)


def _only_changed_fields(patch: Patch) -> None:
    rule = payload.still_to_send

    def everything(base: Any, ours: Any, in_conflict: set[str]) -> dict[str, Any]:
        changed = rule(base, ours, in_conflict)
        return (
            {group: ours[group] for group in GROUPS if group not in in_conflict} if changed else {}
        )

    patch.setattr(payload, "still_to_send", everything)


def _compared_here(patch: Patch) -> None:
    """What the ad server's own search would find is believed, whatever it looks like."""
    _no_stranger(patch)

    def find(self: Any, marker: str, on_page: Callable[[], None] | None = None) -> MarkerSearch:
        walk = Walk(self.list_campaigns, noun="campaigns")
        found = []
        for page in walk:
            found += [c for c in page.items if (c.external_id or "").lower() == marker.lower()]
            if on_page:
                on_page()
        return MarkerSearch(found[:1], walk.complete, walk.problem, walk.distinct)

    patch.setattr(adapter.Megaphone, "find_by_marker", find)


def _lease_renewed(patch: Patch) -> None:
    patch.setattr(outbox, "extend", lambda *_: None)


def _two_probes(patch: Patch) -> None:
    for mode in markers.CLEAN_PROBES_NEEDED:
        patch.setitem(markers.CLEAN_PROBES_NEEDED, mode, 1)


def _short_list(patch: Patch) -> None:
    patch.setattr(absence, "too_short", lambda *_: None)


def _look_before_sending_again(patch: Patch) -> None:
    known = push._after_failure

    def believe(sender: Any, claim: Any, *rest: Any) -> None:
        error = rest[-1]
        if isinstance(error, OutcomeUnknown):
            push._not_sent(sender, claim, push.SENT, error)
        else:
            known(sender, claim, *rest)

    patch.setattr(push, "_after_failure", believe)


def _fencing(patch: Patch) -> None:
    def step(claim: Any, _: str, **values: Any) -> None:
        db.session.execute(
            Change.__table__.update().where(Change.id == claim.change_id).values(values)
        )

    patch.setattr(outbox, "step", step)


def _observations(patch: Patch) -> None:
    """Whatever was read is taken for the latest."""
    merge, numbers = campaign_pages.merge_page, itertools.count(10**9)

    def newest(rows: Any, context: Any, *args: Any, **more: Any) -> Any:
        return merge(rows, replace(context, observation=next(numbers)), *args, **more)

    for module in (pull, payload):
        patch.setattr(module, "merge_page", newest)


def _in_flight_dropped(patch: Patch) -> None:
    patch.setattr(campaign_pages, "_in_flight", lambda _: {})


def _direct_read(patch: Patch) -> None:
    def believe(missing: Any, work: Any, *_: Any) -> int:
        gone = 0
        for each in missing:
            if each.may_be_gone:
                with transaction():
                    gone += absence._mark_gone(each, work.clock(), work.run_id)
        return gone

    patch.setattr(absence, "look_for_gone", believe)


def _settle_later_only(patch: Patch) -> None:
    """As soon as the answer is lost, it is looked for."""
    release = outbox.release

    def at_once(claim: Any, expected: str, state: str, **values: Any) -> None:
        if expected == push.SENT and state == push.SETTLING:
            values |= {"settle_until": claim_time(claim)}
        release(claim, expected, state, **values)

    def claim_time(claim: Any) -> Any:
        return db.session.get_one(Change, claim.change_id).sent_at

    patch.setattr(outbox, "release", at_once)


def _late_echo(patch: Patch) -> None:
    patch.setattr(probe, "agree_on_what_arrived", lambda *_: None)


def _transaction_left(patch: Patch) -> None:
    """The number of an observation is taken, and its transaction left open."""
    patch.setattr(push, "begin_observation", next_observation)
    patch.setattr(push, "leave_database", lambda: None)


def _refused_for_good(patch: Patch) -> None:
    known = push._not_sent

    def again(sender: Any, claim: Any, state: str, error: Any, *rest: Any) -> None:
        if isinstance(error, Rejected):
            with transaction():
                push._wait(claim, state, sender.clock(), 1, {})
        else:
            known(sender, claim, state, error, *rest)

    patch.setattr(push, "_not_sent", again)


def _duplicates_reported(patch: Patch) -> None:
    patch.setattr(duplicates, "_write", lambda *_: 0)


def _limit_kept(patch: Patch) -> None:
    patch.setattr(RateLimiter, "acquire", lambda *_: 0.0)


def _first_marker(patch: Patch) -> None:
    """What is sent again is sent under the external id of now."""

    def now(campaign: Campaign) -> str | None:
        return markers.own_marker(campaign.id, campaign.connection_id, campaign.external_id)

    patch.setattr(payload, "marker_to_send", now)


def _no_stranger(patch: Patch) -> None:
    patch.setattr(markers, "is_surely_ours", lambda *_: True)


def _given_up_agreed(patch: Patch) -> None:
    patch.setattr(campaign_pages, "sent_of", lambda _: {})


def _put_off(patch: Patch) -> None:
    rules = turns._may_be_sent

    def without() -> tuple[Any, ...]:
        found = rules()
        kept = tuple(rule for rule in found if "not_before" not in str(rule))
        if len(kept) != len(found) - 1:
            raise AssertionError("the rule about what is put off was not found")
        return kept

    _may_be_sent_by(patch, without)


def _late_ones_shown(patch: Patch) -> None:
    patch.setattr(attention, "late_changes", list)


def _replacement_said(patch: Patch) -> None:
    """What was taken from the ad server leaves no event."""
    patch.setattr(merged_rows, "event_rows", lambda *_, **__: [])


MUTANTS = (
    Mutant(
        "nothing else of this campaign in flight",
        frozenset({"I10"}),
        _nothing_else_in_flight,
        3,
        "DROP INDEX uq_change_in_flight",
    ),
    Mutant("fresh read merged before writing", frozenset({"I6"}), _fresh_read, 11),
    Mutant("what was read is at most 10 s old", frozenset({"I6"}), _read_is_fresh, 23),
    Mutant("marked as sent before the socket", frozenset({"I24"}), _mark_first, 0),
    Mutant("only changed fields are sent", frozenset({"I6"}), _only_changed_fields, 0),
    Mutant("marker compared here, byte for byte", frozenset({"I4"}), _compared_here, 14),
    Mutant("lease renewed on every page", frozenset({"I7"}), _lease_renewed, 93),
    Mutant("two complete probes", frozenset({"I2"}), _two_probes, 203),
    Mutant("a short list proves nothing", frozenset({"I2"}), _short_list, 481_517_214),
    Mutant("look before sending again", frozenset({"I2"}), _look_before_sending_again, 25),
    Mutant("steps are fenced", frozenset({"I2", "I1", "I24"}), _fencing, 5),
    Mutant("observations in their order", frozenset({"I9"}), _observations, 18),
    Mutant("nothing merged while in flight", frozenset({"I9"}), _in_flight_dropped, 48),
    Mutant("read by id before gone", frozenset({"I5"}), _direct_read, 25),
    Mutant("settled before it is looked for", frozenset({"I2"}), _settle_later_only, 43),
    Mutant("a late echo is agreed", frozenset({"I9"}), _late_echo, 48),
    Mutant("no transaction during a call", frozenset({"I14"}), _transaction_left, 0),
    Mutant("refused for good", frozenset({"I12"}), _refused_for_good, 6),
    Mutant("duplicates are reported", frozenset({"I3"}), _duplicates_reported, 2),
    Mutant("sent again under its first marker", frozenset({"I3"}), _first_marker, 20_250_444),
    Mutant("no stranger is taken for a booking", frozenset({"I4"}), _no_stranger, 14),
    Mutant("what was given up is agreed", frozenset({"I9"}), _given_up_agreed, 36),
    Mutant("what is put off waits", frozenset({"I24"}), _put_off, 76),
    Mutant("the limit of calls is kept", frozenset({"I11"}), _limit_kept, 9),
    Mutant("what is late is shown", frozenset({"I8"}), _late_ones_shown, 21),
    Mutant("what was replaced is said", frozenset({"I1"}), _replacement_said, 2),
)
