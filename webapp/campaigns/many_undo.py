"""Undoing for many campaigns at once what had arrived: as ``webapp.campaigns.undo`` does with one.

Only of campaigns at rest, which are locked already; whatever is otherwise goes one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from webapp.advertisers import queries as advertisers
from webapp.audit.service import Actor, event_rows
from webapp.campaigns import many
from webapp.campaigns.fields import GROUPS, Snapshot, field_changes, snapshot
from webapp.campaigns.intents import Intent, change_row, digest_of
from webapp.campaigns.models import UPDATE, WAITING, Campaign, Change
from webapp.campaigns.record import put_groups, subject
from webapp.core.clock import utc_now

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Restoring:
    """A campaign, the change whose groups shall be as it found them, and the key of that wish."""

    campaign: Campaign
    change: Change
    groups: Sequence[str]
    key: UUID

    @property
    def restored(self) -> Snapshot:
        before = self.change.before or {}
        return {group: before[group] for group in GROUPS if group in self.groups}


def is_simple(wish: Restoring) -> bool:
    """Whether it comes to one new change, with each of its groups to be sent."""
    before, base = wish.change.before or {}, wish.campaign.base or {}
    if not wish.groups or not set(wish.groups) <= before.keys() & set(GROUPS):
        return False
    if "advertiser" in wish.groups and before["advertiser"] is None:
        return False
    now = snapshot(wish.campaign)
    return all(
        group in base and value not in (now[group], base[group])
        for group, value in wish.restored.items()
    )


def restore(actor: Actor, wishes: Sequence[Restoring], batch: UUID) -> None:
    """Undo them by new changes. Of :func:`is_simple` ones, in versions that were compared."""
    names = _names(wishes)
    events: list[Row] = []
    changes: list[Row] = []
    for wish in wishes:
        old = snapshot(wish.campaign)
        put_groups(wish.campaign, wish.restored, names, {})
        wish.campaign.sync_state, wish.campaign.sync_detail = WAITING, None
        said = field_changes(list(wish.restored), old, snapshot(wish.campaign), names, {})
        events += event_rows(actor, "undid", subject(wish.campaign), said)
        changes.append(_change_row(actor, wish, old, batch))
    many.write(events, changes)


def _change_row(actor: Actor, wish: Restoring, old: Snapshot, batch: UUID) -> Row:
    groups = list(wish.restored)
    digest = digest_of("undo", [wish.change.id, wish.restored])
    before = {group: old[group] for group in groups}
    intent = Intent(wish.key, digest, before, wish.restored, batch=batch, undoes_id=wish.change.id)
    return change_row(actor, wish.campaign, UPDATE, groups, intent, utc_now())


def _names(wishes: Sequence[Restoring]) -> Mapping[int, str]:
    now = [wish.campaign.advertiser_id for wish in wishes]
    return advertisers.names_of([*now, *(wish.restored.get("advertiser") for wish in wishes)])
