"""What the logs of both sides tell of one value or record: who had set it, who saw it, and when."""

from typing import Any

from tests.proof.evidence import Evidence, Saved, Write
from webapp.campaigns.fields import LABELS, readable

# A remote edit younger than this as our write left may be overwritten unseen.
FRESH_SECONDS = 10.0
# Words of the timeline for what the ad server's side did to a field.
SEEN = ("changed", "conflict")


def replacement(e: Evidence, saved: Saved) -> Any:
    """The event by which the value was replaced, or ``None``."""
    text = text_of(e, saved.group, saved.value)
    for event in e.campaign_events:
        if (
            event.id > saved.last_event
            and event.object_id == saved.campaign_id
            and event.field == LABELS[saved.group]
            and event.before == text
            and event.after != text
        ):
            return event
    return None


def had_arrived(e: Evidence, saved: Saved) -> bool:
    remote_id = e.campaigns[saved.campaign_id].remote_id or ""
    first = e.initial.get(remote_id, {})
    values = [first, *(write.values for write in e.history(remote_id))]
    return any(saved.group in each and each[saved.group] == saved.value for each in values)


def edit_before(e: Evidence, write: Write, group: str) -> Write | None:
    """The remote edit of this group that a write of ours replaced, if it was one."""
    for earlier in reversed(e.history(write.remote_id)):
        if earlier.number < write.number and group in earlier.values:
            return None if earlier.ours else earlier
    return None


def was_seen(e: Evidence, write: Write, edit: Write, group: str) -> bool:
    """Whether a remote edit was too young, or merged or shown before our write left."""
    left = write.at if write.sent_at is None else write.sent_at
    if edit.at > left - FRESH_SECONDS:
        return True
    if _was_so_before(e, edit, group):
        return True
    campaign_id, text = campaign_of(e, write), text_of(e, group, edit.values[group])
    shown = any(
        event.object_id == campaign_id and event.field == LABELS[group] and event.after == text
        for event in e.campaign_events
        if event.source == "sync" and event.action in SEEN and _came_before(event, write)
    )
    return shown or any(
        each.campaign_id == campaign_id and each.group == group and each.value == edit.values[group]
        for each in e.saved
    )


def _was_so_before(e: Evidence, edit: Write, group: str) -> bool:
    """Whether the edit only brought back an older value: then there is nothing new to see."""
    before = [e.initial.get(edit.remote_id, {})]
    before += [each.values for each in e.history(edit.remote_id) if each.number < edit.number]
    return any(group in each and each[group] == edit.values[group] for each in before)


def was_deleted(e: Evidence, created: Write, before: int) -> bool:
    later = e.history(created.remote_id)
    return any(each.method == "DELETE" and each.number < before for each in later)


def _came_before(event: Any, write: Write) -> bool:
    if write.last_event is not None:
        return bool(event.id <= write.last_event)
    return bool(event.at.timestamp() <= write.at)


def is_shared(e: Evidence, booking: Any, external_id: str | None) -> bool:
    """Whether another campaign had this external id at some time, here or there."""
    here = any(
        each.campaign_id != booking and each.group == "external_id" and each.value == external_id
        for each in e.saved
    )
    return here or any(not write.ours and write.marker == external_id for write in e.writes)


def their_values(e: Evidence, remote_id: str | None, group: str) -> list[Any]:
    """The values that the ad server's own people gave this group, in their order."""
    first = [e.initial[remote_id][group]] if remote_id in e.initial else []
    later = [
        w.values[group] for w in e.history(remote_id or "") if not w.ours and group in w.values
    ]
    return first + later


def is_over(e: Evidence, remote_id: str | None, group: str, event: Any) -> bool:
    """Whether a write of ours had replaced what is taken for a remote edit."""
    over = False
    for write in e.history(remote_id or ""):
        if group not in write.values:
            continue
        if not write.ours:
            over = over and text_of(e, group, write.values[group]) != event.after
        elif write.applied_event is not None and write.applied_event < event.id:
            over = True
    return over


def campaign_of(e: Evidence, write: Write) -> int | None:
    if write.campaign_id is not None:
        return write.campaign_id
    held = (row.id for row in e.campaigns.values() if row.remote_id == write.remote_id)
    return next(held, None)


def text_of(e: Evidence, group: str, value: Any) -> str | None:
    return readable(group, value, e.advertiser_names)


def words_of(saved: Saved) -> str:
    return f"{saved.group} {saved.value!r} of campaign {saved.campaign_id}"


def as_key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
