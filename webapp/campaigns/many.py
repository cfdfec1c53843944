"""The verbs of ``webapp.campaigns.service`` for many campaigns at once, which are locked already.

They leave behind what the single verbs leave: the same rows, events and changes, written together.
An edit that has to reckon with something else of its campaign (a change under way or on hold, a
conflict) is none of theirs: see :func:`plain`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, select, update

from webapp.advertisers import queries as advertisers
from webapp.advertisers.models import Advertiser
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor, event_rows
from webapp.auth import queries as operators
from webapp.auth.models import Operator
from webapp.campaigns.fields import (
    EDITABLE,
    GROUPS,
    CampaignValues,
    Snapshot,
    changed_groups,
    editable,
    field_changes,
)
from webapp.campaigns.intents import Intent, change_row, digest_of
from webapp.campaigns.models import (
    IN_FLIGHT,
    NOT_SENT,
    READY,
    STUCK,
    SUPERSEDED,
    UPDATE,
    WAITING,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.record import put_groups, subject
from webapp.campaigns.validation import check_values
from webapp.core.clock import utc_now
from webapp.core.db import Model, db
from webapp.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Edit:
    """One campaign, what it shall be, and the one-time key of that wish.

    ``waiting`` are the groups that a change of before has still to send (:func:`plain`).
    """

    campaign: Campaign
    values: CampaignValues
    key: UUID
    waiting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Names:
    advertisers: Mapping[int, str]
    owners: Mapping[int, str]


def plain(campaigns: Sequence[Campaign]) -> dict[int, frozenset[str]]:
    """Those for which an edit is a matter of its own, with the groups that wait to be sent.

    They are booked, and nothing of them is in conflict, on its way, on hold, put off or given up.
    """
    ids = [campaign.id for campaign in campaigns]
    conflicts = select(Conflict.campaign_id).where(
        Conflict.campaign_id.in_(ids), Conflict.decided_at.is_(None)
    )
    found = dict.fromkeys((c.id for c in campaigns if c.remote_id), frozenset[str]())
    for campaign_id in db.session.scalars(conflicts):
        found.pop(campaign_id, None)
    changes = select(Change.campaign_id, Change.fields, _is_plain().label("is_plain")).where(
        Change.campaign_id.in_(ids), Change.state.in_((*NOT_SENT, *IN_FLIGHT, STUCK))
    )
    for change in db.session.execute(changes):
        if not change.is_plain:
            found.pop(change.campaign_id, None)
        elif change.campaign_id in found:
            found[change.campaign_id] |= frozenset(change.fields)
    return found


def _is_plain() -> ColumnElement[bool]:
    return and_(
        Change.state == READY,
        Change.kind == UPDATE,
        Change.not_before.is_(None),
        Change.clean_probes == 0,
    )


def edit_campaigns(actor: Actor, edits: Sequence[Edit], batch: UUID) -> Mapping[int, DomainError]:
    """Edit them, but those that break a rule: returns by campaign which.

    Only of :func:`plain` campaigns, and of any whose local groups alone are edited; in versions
    that the caller has compared, and with keys that were not used before.
    """
    held = _held(edits)
    checked = {edit.campaign.id: _problem(edit) for edit in edits}
    problems = {id_: problem for id_, problem in checked.items() if problem}
    del held
    sound = [edit for edit in edits if edit.campaign.id not in problems]
    names = _names(sound)
    events: list[dict[str, object]] = []
    changes: list[dict[str, object]] = []
    for edit in sound:
        old, new = editable(edit.campaign), editable(edit.values)
        groups = changed_groups(old, new, EDITABLE)
        if not groups:
            continue
        put_groups(edit.campaign, {g: new[g] for g in groups}, names.advertisers, names.owners)
        said = field_changes(groups, old, new, names.advertisers, names.owners)
        events += event_rows(actor, "edited", subject(edit.campaign), said)
        changes += _change_rows(actor, edit, groups, old, new, batch)
    write(events, changes)
    return problems


def file_campaigns(actor: Actor, campaigns: Iterable[Campaign], *, archived: bool) -> None:
    """Archive them, or take them out of the archive. Local, as with one."""
    now = utc_now()
    moved = [each for each in campaigns if (each.archived_at is not None) != archived]
    for campaign in moved:
        campaign.archived_at = now if archived else None
    action = "archived" if archived else "unarchived"
    write([row for each in moved for row in event_rows(actor, action, subject(each))], [])


def _change_rows(
    actor: Actor, edit: Edit, groups: Sequence[str], old: Snapshot, new: Snapshot, batch: UUID
) -> list[dict[str, object]]:
    sent = [group for group in groups if group in GROUPS]
    if not sent:
        return []
    edit.campaign.sync_state, edit.campaign.sync_detail = WAITING, None
    before, after = {g: old[g] for g in sent}, {g: new[g] for g in sent}
    digest = digest_of(UPDATE, edit.values)
    intent = Intent(edit.key, digest, before, after, batch=batch)
    fields = [group for group in GROUPS if group in edit.waiting or group in sent]
    return [change_row(actor, edit.campaign, UPDATE, fields, intent, utc_now())]


def write(events: list[dict[str, object]], changes: list[dict[str, object]]) -> None:
    """The timeline's rows and the outbox's; a change takes the place of what waits already."""
    db.session.flush()
    if events:
        db.session.execute(insert(AuditEvent), events)
    if changes:
        ids = [row["campaign_id"] for row in changes]
        replaced = update(Change).where(Change.campaign_id.in_(ids), Change.state.in_(NOT_SENT))
        db.session.execute(replaced.values(state=SUPERSEDED, finished_at=utc_now()))
        db.session.execute(insert(Change), changes)


def _problem(edit: Edit) -> DomainError | None:
    try:
        check_values(edit.values, edit.campaign.connection_id, unchanged_from=edit.campaign)
    except DomainError as problem:
        return problem
    return None


def _names(edits: Sequence[Edit]) -> _Names:
    """Names of the advertisers and owners before and after, in a statement each."""
    sides = [side for edit in edits for side in (edit.campaign, edit.values)]
    return _Names(
        advertisers.names_of(side.advertiser_id for side in sides),
        operators.emails_of(side.owner_id for side in sides),
    )


def _held(edits: Sequence[Edit]) -> Sequence[Model]:
    """The records that checking the edits asks for: while they are held, no statement is sent."""
    wanted = {edit.values.advertiser_id for edit in edits}
    owners = {e.values.owner_id for e in edits if e.values.owner_id != e.campaign.owner_id}
    found: list[Model] = []
    for model, ids in ((Advertiser, wanted - {None}), (Operator, owners - {None})):
        if ids:
            found += db.session.scalars(select(model).where(model.id.in_(ids)))
    return found
