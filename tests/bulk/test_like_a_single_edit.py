"""Whatever a campaign's state, a bulk edit leaves the rows that the same single edit leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories
from tests.bulk.desk import Desk, states
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.bulk.operations import Archive, Operation, ReplaceInTitle, ScaleBudget, SetOwner
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    CREATE,
    HELD,
    READY,
    REJECTED,
    SENT,
    STUCK,
    Campaign,
    Change,
)
from webapp.core.clock import utc_now
from webapp.core.db import db

# What two runs of the same thing never have in common.
OWN = {"id", "uuid", "intent_key", "campaign_id", "remote_id", "object_id", "lane", "source"}
SOON = utc_now() + timedelta(days=1)

Make = Callable[[Campaign], object]


def _sent(campaign: Campaign) -> Change:
    sent = {"sent_at": SOON, "lease_until": SOON, "sent_payload": {"title": "x"}}
    return factories.change(campaign, state=SENT, **sent)


STATES: dict[str, Make] = {
    "at rest": lambda campaign: campaign,
    "waiting": lambda campaign: factories.change(campaign, fields=["external_id"]),
    "waiting with the same field": lambda campaign: factories.change(campaign, fields=["budget"]),
    "two waiting": lambda c: [factories.change(c, fields=[g]) for g in ("title", "copy_needed")],
    "on hold": lambda campaign: factories.change(campaign, state=HELD, held_by="ana"),
    "put off": lambda campaign: factories.change(campaign, not_before=SOON),
    "lost once": lambda campaign: factories.change(campaign, clean_probes=2),
    "on its way": _sent,
    "refused": lambda c: factories.change(c, state=REJECTED, last_error="No."),
    "given up": lambda c: factories.change(c, state=STUCK, clean_probes=1, last_error="No."),
    "arrived": lambda campaign: factories.change(campaign, state=APPLIED),
    "in conflict elsewhere": lambda c: factories.conflict(c, "copy_needed", theirs=True),
    "a booking that waits": lambda c: _booking(c, READY),
    "a booking that was cancelled": lambda c: _booking(c, CANCELLED),
}


def _booking(campaign: Campaign, state: str) -> Change:
    campaign.remote_id, campaign.base = None, None
    return factories.change(campaign, kind=CREATE, state=state)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["budget", "title", "owner", "archive"])
def test_a_bulk_edit_leaves_what_a_single_edit_leaves(desk: Desk, state: str, kind: str) -> None:
    operation: Operation = {
        "budget": ScaleBudget("10"),
        "title": ReplaceInTitle("Old", "New", match_case=True),
        "owner": SetOwner(desk.operator.id, desk.operator.email),
        "archive": Archive(),
    }[kind]
    # Two of them in one batch: what is written together must not mix them up.
    twins = [_made(state) for _ in range(2)]
    single = _made(state)

    job = desk.do([twin.id for twin in twins], operation)
    _single(desk, single, operation)

    assert states(job) == ["done", "done"]
    expected = _left(single)
    assert [_left(twin) for twin in twins] == [expected, expected]


def _made(state: str) -> Campaign:
    campaign = factories.campaign(title="Old", budget=(1005, "USD"))
    STATES[state](campaign)
    db.session.flush()
    return campaign


def _single(desk: Desk, campaign: Campaign, operation: Operation) -> None:
    actor = Actor(desk.operator.email, "web", operator_id=desk.operator.id)
    wanted = operation.wanted(campaign)
    if "archived" in wanted:
        campaigns.archive_campaign(actor, campaign)
    else:
        values = values_of(editable(campaign) | wanted)
        campaigns.edit_campaign(actor, campaign, values, campaign.version, uuid4())
    db.session.commit()


def _left(campaign: Campaign) -> list[Any]:
    """Everything that is kept about a campaign, without what is its own."""
    db.session.expire_all()
    return [
        _rows(Campaign, Campaign.id == campaign.id),
        _rows(Change, Change.campaign_id == campaign.id),
        _rows(
            AuditEvent, AuditEvent.object_id == campaign.id, AuditEvent.object_type == "campaign"
        ),
    ]


def _rows(model: Any, *conditions: Any) -> list[dict[str, Any]]:
    table = model.__table__
    query = select(table).where(*conditions).order_by(table.c.id)
    return [
        {name: _timeless(value) for name, value in row.items() if name not in OWN}
        for row in db.session.execute(query).mappings()
    ]


def _timeless(value: Any) -> Any:
    """Moments differ, but not whether there is one, nor one that is far ahead."""
    if not hasattr(value, "isoformat"):
        return value
    return "later" if value > utc_now() + timedelta(hours=1) else "a moment"
