"""What is written into the audit record about views.

Everybody reads the record, and a view that is not shared is nobody else's business: of such a one
it says who did what and when, but neither its name nor what it finds.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from webapp.audit import queries as audit
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor, FieldChange, Subject, record
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.savedviews.models import SavedView
from webapp.savedviews.shipped import SHIPPED

VIEW = "view"
UNNAMED = "a view that is not shared"


def write(
    actor: Actor,
    action: str,
    view: SavedView,
    changes: Iterable[FieldChange] = (),
    *,
    is_told: bool,
) -> None:
    """One thing that was done to a view. ``is_told``: it is shared, or was until now."""
    subject = Subject(VIEW, view.id, f"“{view.name}”" if is_told else UNNAMED)
    record(actor, action, subject, changes if is_told else ())


def write_home(actor: Actor, operator: Operator, before: str | None) -> None:
    """With which view the list opens for an operator."""
    change = FieldChange("home view", _name(before), _name(operator.home_view))
    record(actor, "chose a home view", Subject("operator", operator.id, operator.email), [change])


def last_change(view: SavedView) -> AuditEvent | None:
    return next(iter(audit.events_of(VIEW, view.id, 1)), None)


def _name(key: str | None) -> str:
    """What a view is called in the record, by what stands for it in addresses."""
    shipped = SHIPPED.get(key or "all")
    if shipped:
        return shipped.name
    named = select(SavedView.name).where(SavedView.uuid == UUID(key), SavedView.is_shared)
    return db.session.scalar(named) or UNNAMED
