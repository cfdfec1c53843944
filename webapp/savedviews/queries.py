"""Reading saved views, as one operator sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, or_, select

from webapp.auth.models import Operator
from webapp.auth.permissions import Permission, role_may
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.postgresql import PREPARED
from webapp.savedviews.models import SavedView

MOST_SEEN = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A view that an operator sees. ``owner`` is an e-mail address.

    A shared view belongs to who made it. When they can no longer sign in, it is anybody's who may
    edit campaigns: nobody else could ever tidy it away.
    """

    view: SavedView
    owner: str
    is_mine: bool
    may_change: bool

    @property
    def key(self) -> str:
        """What stands for it in addresses."""
        return str(self.view.uuid)


def seen_by(operator: Operator) -> list[Seen]:
    """The operator's own views and those that are shared, by name; one statement."""
    found = db.session.execute(_of_operator(), {"operator_id": operator.id})
    return [_seen(row, operator) for row in found]


@cache
def _of_operator() -> Select[SavedView, str, bool]:
    # Every list page asks for this: put together once.
    mine = SavedView.operator_id == bindparam("operator_id")
    query = _with_owner().where(or_(mine, SavedView.is_shared))
    query = query.order_by(func.lower(SavedView.name), SavedView.id).limit(MOST_SEEN)
    return query.execution_options(**PREPARED)


def get_seen(uuid_text: str, operator: Operator) -> Seen:
    """One view that this operator sees. Raises ``NotFound``."""
    query = _with_owner().where(SavedView.uuid == _uuid(uuid_text))
    row = db.session.execute(query).one_or_none()
    if row is None or not (row.SavedView.is_shared or row.SavedView.operator_id == operator.id):
        raise NotFound("There is no such view.")
    return _seen(row, operator)


def own_views(operator: Operator) -> Sequence[SavedView]:
    query = select(SavedView).where(SavedView.operator_id == operator.id)
    return db.session.scalars(query.order_by(SavedView.id)).all()


def _with_owner() -> Select[SavedView, str, bool]:
    return select(SavedView, Operator.email, Operator.active).join(
        Operator, SavedView.operator_id == Operator.id
    )


def _seen(row: Any, operator: Operator) -> Seen:
    is_mine = row.SavedView.operator_id == operator.id
    is_left_behind = not row.active and role_may(operator.role, Permission.EDIT_CAMPAIGNS)
    return Seen(row.SavedView, row.email, is_mine, is_mine or is_left_behind)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such view.") from None
