"""Settling what both sides changed: ours is kept, theirs is taken, or another value is typed."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.campaigns import queries
from webapp.campaigns.fields import Snapshot, editable, snapshot, values_of
from webapp.campaigns.intents import Intent, digest_of, earlier, enqueue
from webapp.campaigns.models import UPDATE, Campaign, Conflict
from webapp.campaigns.record import lock, record_groups, set_groups, subject
from webapp.campaigns.state import refresh_sync_state
from webapp.campaigns.validation import check_values
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, NotFound, StaleEdit

OURS, THEIRS, TYPED = "ours", "theirs", "typed"
CHOICES = (OURS, THEIRS, TYPED)


@dataclass(frozen=True, slots=True)
class Decision:
    """One group's outcome. ``ours`` is what it was weighed against, ``value`` what was typed."""

    conflict_id: int
    choice: str
    ours: Any = None
    value: Any = None


def decide(
    actor: Actor, campaign: Campaign, decisions: Mapping[str, Decision], key: uuid.UUID
) -> Campaign:
    """Settle these groups in one go, as they were seen.

    Raises ``StaleEdit`` when theirs or ours moved in one of them since, or it was settled already;
    ``InvalidInput`` when a typed value breaks a rule. Nothing is settled then.
    """
    digest = digest_of(
        UPDATE, [[g, d.conflict_id, d.choice, d.value] for g, d in decisions.items()]
    )
    if earlier(key, digest):
        return campaign
    lock(campaign)
    old = snapshot(campaign)
    found = {conflict.field_group: conflict for conflict in queries.open_conflicts(campaign)}
    moved = [g for g, decision in decisions.items() if _has_moved(decision, found.get(g), old[g])]
    if moved:
        raise StaleEdit({group: old[group] for group in moved})
    chosen = {g: _chosen(decision, found[g], old[g]) for g, decision in decisions.items()}
    _check(campaign, {g: v for g, v in chosen.items() if decisions[g].choice == TYPED})
    for group, decision in decisions.items():
        _close(actor, found[group], decision.choice)
        _record(actor, campaign, decision.choice, found[group], old, chosen[group])
    # Theirs has been seen and weighed: from here on it is what both sides know.
    campaign.base = (campaign.base or {}) | {g: found[g].theirs for g in decisions}
    set_groups(campaign, chosen)
    db.session.flush()
    sent = [group for group in decisions if chosen[group] != found[group].theirs]
    if sent:
        # What it takes the place of is what Megaphone has: ours was never there.
        before, after = {g: found[g].theirs for g in sent}, {g: chosen[g] for g in sent}
        enqueue(actor, campaign, UPDATE, sent, Intent(key, digest, before, after))
    refresh_sync_state(campaign)
    return campaign


def decide_conflict(actor: Actor, campaign: Campaign, conflict_id: int, decision: str) -> Campaign:
    """Settle one group: ``ours`` is sent, ``theirs`` is taken.

    Raises ``NotFound`` when it was settled already, or drawn anew because theirs moved.
    """
    if decision not in (OURS, THEIRS):
        raise InvalidInput({"decision": "Choose which value to keep."})
    lock(campaign)
    conflict = next((c for c in queries.open_conflicts(campaign) if c.id == conflict_id), None)
    if conflict is None:
        raise NotFound("This conflict is settled already.")
    group = conflict.field_group
    made = Decision(conflict_id, decision, snapshot(campaign)[group])
    return decide(actor, campaign, {group: made}, uuid.uuid4())


def close_conflicts(actor: Actor, campaign: Campaign, groups: Iterable[str], choice: str) -> None:
    """Close what is open in these groups, because a new value was set with theirs in view."""
    for conflict in queries.open_conflicts(campaign):
        if conflict.field_group not in groups:
            continue
        _close(actor, conflict, choice)
        campaign.base = {**(campaign.base or {}), conflict.field_group: conflict.theirs}
        if choice == TYPED:
            audit.record(actor, "settled conflict", subject(campaign))
    db.session.flush()


def _has_moved(decision: Decision, conflict: Conflict | None, ours: Any) -> bool:
    return conflict is None or conflict.id != decision.conflict_id or decision.ours != ours


def _chosen(decision: Decision, conflict: Conflict, ours: Any) -> Any:
    return {OURS: ours, THEIRS: conflict.theirs, TYPED: decision.value}[decision.choice]


def _check(campaign: Campaign, typed: Snapshot) -> None:
    values = values_of(editable(campaign) | typed)
    check_values(values, campaign.connection_id, unchanged_from=campaign)


def _close(actor: Actor, conflict: Conflict, choice: str) -> None:
    conflict.decided_at, conflict.decision = utc_now(), choice
    conflict.decided_by = actor.label


def _record(
    actor: Actor, campaign: Campaign, choice: str, conflict: Conflict, old: Snapshot, chosen: Any
) -> None:
    group = conflict.field_group
    replaced = conflict.theirs if choice == OURS else old[group]
    action = "settled conflict" if choice == TYPED else f"kept {choice}"
    record_groups(actor, action, campaign, [group], {group: replaced}, {group: chosen})
