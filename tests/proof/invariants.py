"""The invariants of the sync protocol: the one module by which every layer of proof judges.

Each check takes the evidence and gives a sentence for each violation; ``check_all`` returns those
of all invariants, each with its name. ``PROVEN_BY`` says which tests prove which.
"""

from collections.abc import Callable, Iterator

from tests.proof.evidence import Evidence, repeated
from tests.proof.histories import (
    SEEN,
    as_key,
    campaign_of,
    edit_before,
    had_arrived,
    is_over,
    is_shared,
    replacement,
    text_of,
    their_values,
    was_deleted,
    was_seen,
    words_of,
)
from webapp.campaigns.fields import LABELS
from webapp.campaigns.models import GONE, IN_FLIGHT, PARKED, READY, REFUSED

WINDOW_SECONDS = 60.0
UNFINISHED = (READY, *IN_FLIGHT)
MOVED = frozenset({404, 410})
REFUSALS = frozenset({400, 404, 405, 406, 409, 410, 413, 415, 422})

Found = Iterator[str]


def check_i1(e: Evidence) -> Found:
    """No saved value is lost in silence: it is the current one, or an event says what replaced it.

    Megaphone's value may replace it by itself only where it had arrived before.
    """
    for saved in e.saved:
        if e.ours[saved.campaign_id][saved.group] == saved.value:
            continue
        event = replacement(e, saved)
        if event is None:
            yield f"{words_of(saved)} is gone, and no event says what replaced it"
        elif event.action == "changed" and not had_arrived(e, saved):
            yield f"{words_of(saved)} was replaced by {event.after!r} before it had ever arrived"


def check_i2(e: Evidence) -> Found:
    """A booking is one remote campaign at most, unless a request was applied too late.

    One that was deleted there may be made anew.
    """
    for booking, writes in e.creates().items():
        for write in [] if any(each.too_late for each in writes) else writes:
            twins = [each for each in writes if each.number < write.number]
            if any(not was_deleted(e, twin, write.number) for twin in twins):
                yield f"booking {booking} was created {len(writes)} times in the ad server"


def check_i3(e: Evidence) -> Found:
    """Where a booking was made twice all the same, the next complete pull reports it.

    It is recognised by its marker, where there is one: an external id that no other ever had.
    """
    if not e.settled or not e.keeps_external_ids:
        return
    reported = {row.remote_id for row in e.duplicates}
    held = {row.remote_id for row in e.campaigns.values() if row.id in e.booked}
    for booking, writes in e.creates().items():
        left = [w for w in writes if w.remote_id in e.remote]
        for write in left if len(left) > 1 else []:
            if write.remote_id not in reported | held and not is_shared(e, booking, write.marker):
                yield f"the duplicate {write.remote_id} of booking {booking} was not reported"


def check_i4(e: Evidence) -> Found:
    """We are bound to what was made for us, or to what a person chose; one to one."""
    bound = [row.remote_id for row in e.campaigns.values() if row.remote_id]
    for remote_id in repeated(bound):
        yield f"{remote_id} is bound to several campaigns"
    creators = {w.remote_id: key for key, writes in e.creates().items() for w in writes}
    for row in e.campaigns.values():
        if not row.remote_id or creators.get(row.remote_id, row.id) == row.id:
            continue
        if row.id in e.booked:
            yield f"campaign {row.id} is bound to {row.remote_id}, which was made for another"
        elif not any(w.too_late for w in e.creates()[creators[row.remote_id]]):
            yield f"{row.remote_id}, made for {creators[row.remote_id]}, was imported as {row.id}"
    linked = {event.object_id for event in e.campaign_events if event.action == "linked"}
    for row in e.campaigns.values():
        if row.id in e.booked - linked and row.remote_id and row.remote_id not in creators:
            yield f"campaign {row.id} is bound to the stranger {row.remote_id}"


def check_i5(e: Evidence) -> Found:
    """No listing archives, detaches or deletes: gone is only what was deleted in the ad server."""
    # The ad server's own word is taken: it comes back by itself once it is listed again.
    may_be_gone = e.deleted() | e.told_gone
    for event in e.campaign_events:
        row = e.campaigns.get(event.object_id)
        if event.action == "gone" and row is not None and row.remote_id not in may_be_gone:
            yield f"campaign {row.id} was marked as gone and was never deleted"
    for row in e.campaigns.values():
        if row.sync_state == GONE and row.remote_id in e.remote:
            yield f"campaign {row.id} is marked as gone and is there"
        if row.archived_at is not None and row.id not in e.archived:
            yield f"campaign {row.id} was archived, and no operator did it"
    for lost in sorted(e.known_ids - e.campaigns.keys()):
        yield f"campaign {lost} has disappeared"
    for row in e.connections:
        if row.state == "detached":
            yield f"connection {row.id} was detached"


def check_i6(e: Evidence) -> Found:
    """No remote edit is overwritten unseen, and only what an operator changed is ever sent."""
    wanted = {(each.campaign_id, each.group, as_key(each.value)) for each in e.saved}
    for write in e.writes:
        if not write.ours or write.method != "PUT":
            continue
        campaign_id = campaign_of(e, write)
        for group, value in write.values.items():
            if e.saved and (campaign_id, group, as_key(value)) not in wanted:
                yield f"{group} {value!r} of campaign {campaign_id} was sent; nobody had set it"
            before = edit_before(e, write, group)
            if before and before.values[group] != value and not was_seen(e, write, before, group):
                yield (
                    f"{group} {before.values[group]!r} of {write.remote_id} was overwritten by "
                    f"{value!r} without being seen"
                )


def check_i7(e: Evidence) -> Found:
    """With faults gone and conflicts decided, both sides are equal after two pulls."""
    if not e.settled:
        return
    yield from (f"change {c.id} is still {c.state}" for c in e.changes if c.state in UNFINISHED)
    yield from (f"conflict {c.id} is still open" for c in e.conflicts if c.decided_at is None)
    listed = {row.remote_id for row in e.campaigns.values()}
    yield from (f"remote {each} is not known here" for each in e.remote if each not in listed)
    for row in e.campaigns.values():
        theirs = e.remote.get(row.remote_id or "")
        if theirs is None:
            if row.sync_state not in (GONE, PARKED, REFUSED) and row.archived_at is None:
                yield f"campaign {row.id} is {row.sync_state} and not in the ad server"
        elif theirs != e.ours[row.id]:
            yield f"campaign {row.id} differs: ours {e.ours[row.id]}, theirs {theirs}"


def check_i8(e: Evidence) -> Found:
    """No change stays unfinished for more than 15 minutes without showing under "needs you"."""
    yield from e.notes("I8")


def check_i9(e: Evidence) -> Found:
    """What is taken for a remote edit was one, and each is seen after those before it."""
    yield from e.notes("I9")
    latest: dict[tuple[int, str], int] = {}
    for event in e.campaign_events:
        row = e.campaigns.get(event.object_id)
        if event.source != "sync" or event.action not in SEEN or row is None or not event.field:
            continue
        if any(w.too_late for w in e.history(row.remote_id or "")):
            continue
        group = next(group for group, label in LABELS.items() if label == event.field)
        if group == "external_id" and not e.keeps_external_ids:
            continue
        edits = [text_of(e, group, value) for value in their_values(e, row.remote_id, group)]
        if event.after not in edits:
            yield f"campaign {row.id}: {event.after!r} was taken for an edit of {group}: our own"
            continue
        if group not in ("title", "budget"):
            # Values that repeat say nothing of their order.
            continue
        if is_over(e, row.remote_id, group, event):
            yield f"campaign {row.id}: {group} went back to {event.after!r}, before our own write"
        place = len(edits) - edits[::-1].index(event.after)
        if place < latest.get((row.id, group), 0):
            yield f"campaign {row.id}: {group} went back to {event.after!r}"
        latest[row.id, group] = place


def check_i10(e: Evidence) -> Found:
    """One change per campaign is in flight at most."""
    yield from e.notes("I10")
    for campaign in repeated(c.campaign_id for c in e.changes if c.state in IN_FLIGHT):
        yield f"campaign {campaign} has several changes in flight"


def check_i11(e: Evidence) -> Found:
    """No more calls than the limit in any 60 seconds, over all workers."""
    if e.rate is None:
        return
    times = sorted(call.at for call in e.calls)
    for first, last in zip(times, times[e.rate :], strict=False):
        if last - first < WINDOW_SECONDS:
            yield f"more than {e.rate} calls in the minute from {first:.1f}"
            return


def check_i12(e: Evidence) -> Found:
    """What was definitely refused is not sent again."""
    yield from e.notes("I12")
    refused: set[int] = set()
    for call in e.calls:
        if call.method == "GET" or call.change_id is None:
            continue
        if call.change_id in refused:
            yield f"change {call.change_id} was sent again after it was refused"
        # A list that is not where it was says nothing of the record: the contract has changed.
        is_moved = call.method == "POST" and call.status in MOVED
        if call.status in REFUSALS and not is_moved:
            refused.add(call.change_id)


def check_i13(e: Evidence) -> Found:
    """A pull ends in time in a storm of pushes, and a lone push waits for less than 2 seconds."""
    yield from e.notes("I13")


def check_i14(e: Evidence) -> Found:
    """No transaction of the database is open during a remote call."""
    yield from e.notes("I14")


def check_i15(e: Evidence) -> Found:
    """A moment of the schedule starts one run at most, and no two runs are open at once."""
    yield from e.notes("I15")
    moments = [(run.connection_id, run.due_at) for run in e.runs if run.due_at]
    yield from (f"two runs of {connection} for {at}" for connection, at in repeated(moments))
    for connection in repeated(r.connection_id for r in e.runs if r.state == "running"):
        yield f"connection {connection} has two runs under way"


def check_i23(e: Evidence) -> Found:
    """The database is whole, whatever was interrupted: nothing torn, no count that does not add up.

    That everything else holds after a crash is what the other invariants say.
    """
    yield from e.notes("I23")
    yield from e.damage
    for run in e.runs:
        if run.read_count != (
            run.created_count + run.updated_count + run.unchanged_count + run.set_aside_count
        ):
            yield f"the counts of run {run.id} do not add up"
    for row in e.campaigns.values():
        if row.id in e.booked and not any(c.campaign_id == row.id for c in e.changes):
            yield f"campaign {row.id} was booked without a change that sends it"


def check_i24(e: Evidence) -> Found:
    """Each write was preceded by a committed mark that says what it sends."""
    yield from e.notes("I24")
    for write in e.writes:
        if not write.ours or write.sent_at is None:
            continue
        if write.marked is None:
            yield f"{write.method} {write.remote_id} was sent without a mark"
        elif write.marked != write.values:
            yield f"{write.method} {write.remote_id} sent {write.values}, marked {write.marked}"


CHECKS: dict[str, Callable[[Evidence], Found]] = {
    "I1": check_i1,
    "I2": check_i2,
    "I3": check_i3,
    "I4": check_i4,
    "I5": check_i5,
    "I6": check_i6,
    "I7": check_i7,
    "I8": check_i8,
    "I9": check_i9,
    "I10": check_i10,
    "I11": check_i11,
    "I12": check_i12,
    "I13": check_i13,
    "I14": check_i14,
    "I15": check_i15,
    "I23": check_i23,
    "I24": check_i24,
}


def check_all(evidence: Evidence) -> list[str]:
    """Every violation, each with its invariant's name; empty when all hold."""
    return [f"{name}: {words}" for name, check in CHECKS.items() for words in check(evidence)]


def broken(violations: list[str]) -> set[str]:
    """The names of the invariants that these violations are of."""
    return {violation.partition(":")[0] for violation in violations}
