"""Making, changing and deleting saved views. What their arguments mean is the list's business."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from sqlalchemy import update

from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput
from webapp.savedviews import queries
from webapp.savedviews.models import NAME_LENGTH, SavedView
from webapp.savedviews.queries import Seen

MOST_OWN = 50
MAX_ARGUMENTS_LENGTH = 4_000
# Where in a list someone is, and how often it was counted, is no part of a view.
NOT_KEPT = ("page", "count", "view")


class NotYours(DomainError):
    """Someone else's view."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(
            f"“{seen.view.name}” belongs to {seen.owner}: save it as a view of your own."
        )


def read_arguments(text: str) -> dict[str, str]:
    """A view's arguments from the part of a list's address behind the question mark."""
    pairs = parse_qsl(text.lstrip("?")[:MAX_ARGUMENTS_LENGTH])
    return {name: value for name, value in pairs if name not in NOT_KEPT}


def save_as(
    operator: Operator, name: str, arguments: Mapping[str, str], *, is_shared: bool
) -> SavedView:
    """A new view of this operator. Raises ``InvalidInput``."""
    own = queries.own_views(operator)
    if len(own) >= MOST_OWN:
        raise InvalidInput({"name": f"You have {MOST_OWN} views. Delete one first."})
    now = utc_now()
    view = SavedView(
        operator_id=operator.id,
        name=_checked(name, operator),
        is_shared=is_shared,
        arguments=dict(arguments),
        created_at=now,
        changed_at=now,
    )
    db.session.add(view)
    db.session.flush()
    return view


def save_over(seen: Seen, arguments: Mapping[str, str]) -> SavedView:
    """Raises ``NotYours``."""
    view = _changed(seen)
    view.arguments = dict(arguments)
    return view


def rename(operator: Operator, seen: Seen, name: str, *, is_shared: bool) -> SavedView:
    """Another name, shared or not. Raises ``NotYours`` and ``InvalidInput``."""
    view = _changed(seen)
    view.name = _checked(name, operator, view)
    view.is_shared = is_shared
    return view


def delete(seen: Seen) -> None:
    """It is nobody's home any more. Raises ``NotYours``."""
    view = _changed(seen)
    leave = update(Operator).where(Operator.home_view == str(view.uuid)).values(home_view=None)
    db.session.execute(leave)
    db.session.delete(view)
    db.session.flush()


def set_home(operator: Operator, key: str | None) -> None:
    """What the list opens with for this operator: a view's key, or all campaigns."""
    operator.home_view = key
    db.session.flush()


def _changed(seen: Seen) -> SavedView:
    if not seen.may_change:
        raise NotYours(seen)
    seen.view.changed_at = utc_now()
    return seen.view


def _checked(name: str, operator: Operator, same: SavedView | None = None) -> str:
    if not name:
        raise InvalidInput({"name": "Give it a name."})
    if len(name) > NAME_LENGTH:
        raise InvalidInput({"name": f"A name has at most {NAME_LENGTH} characters."})
    others = [view for view in queries.own_views(operator) if view is not same]
    if any(view.name.casefold() == name.casefold() for view in others):
        raise InvalidInput({"name": f"You have a view called “{name}” already."})
    return name
