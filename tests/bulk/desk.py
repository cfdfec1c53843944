"""What an operator does with bulk changes, without pages, and the worker's part by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.auth.models import Operator
from webapp.bulk import planning, queries, runner, service
from webapp.bulk.models import EDIT, UNDER_WAY, BulkItem, BulkJob
from webapp.bulk.operations import Operation
from webapp.bulk.service import Planned
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db


@dataclass
class Desk:
    """Everything is committed at once, as the pages do."""

    operator: Operator

    @property
    def actor(self) -> Actor:
        return Actor(self.operator.email, "web", operator_id=self.operator.id)

    def pick(self, ids: Sequence[int]) -> BulkJob:
        """A draft of these campaigns as they are now."""
        query = select(Campaign.id, Campaign.version).where(Campaign.id.in_(ids))
        found = db.session.execute(query.order_by(Campaign.id)).all()
        items = [Planned(row.id, row.version) for row in found]
        job = service.draft(self.actor, EDIT, items, selection="Picked one by one")
        db.session.commit()
        return job

    def plan(self, ids: Sequence[int], operation: Operation) -> BulkJob:
        job = self.pick(ids)
        planning.plan(self.actor, job, operation)
        db.session.commit()
        return job

    def start(self, job: BulkJob) -> BulkJob:
        service.start(self.actor, job, confirmed=True)
        db.session.commit()
        return job

    def run(self, job: BulkJob) -> BulkJob:
        """Start it, and have it carried out to its end."""
        self.start(job)
        return self.finish(job)

    def finish(self, job: BulkJob) -> BulkJob:
        while job.state in UNDER_WAY:
            runner.run_batch(job.id, utc_now())
            db.session.refresh(job)
        db.session.commit()
        return job

    def do(self, ids: Sequence[int], operation: Operation) -> BulkJob:
        return self.run(self.plan(ids, operation))


def items(job: BulkJob) -> list[BulkItem]:
    db.session.expire_all()
    return list(queries.items_of(job))


def item(job: BulkJob) -> BulkItem:
    (only,) = items(job)
    return only


def states(job: BulkJob) -> list[str]:
    return [each.state for each in items(job)]


def said(job: BulkJob) -> list[str | None]:
    return [each.message for each in items(job)]


def changes(*conditions: Any) -> list[Change]:
    return list(db.session.scalars(select(Change).where(*conditions).order_by(Change.id)))


def events(campaign_id: int) -> list[tuple[str, str | None, str]]:
    """Action, field and source of what the timeline says of a campaign, oldest first."""
    query = select(AuditEvent).where(
        AuditEvent.object_type == "campaign", AuditEvent.object_id == campaign_id
    )
    found = db.session.scalars(query.order_by(AuditEvent.id))
    return [(event.action, event.field, event.source) for event in found]
