"""Making, changing and deleting saved views. What their arguments mean is the list's business."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Delete, Update, update
from sqlalchemy import delete as delete_from
from sqlalchemy.sql.dml import ReturningDelete, ReturningUpdate

from webapp.audit.service import Actor, FieldChange
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput
from webapp.savedviews import queries, record
from webapp.savedviews.models import NAME_LENGTH, SavedView
from webapp.savedviews.queries import Seen
from webapp.savedviews.words import YES, in_words

MOST_OWN = 50
MAX_ARGUMENTS_LENGTH = 4_000
# Where in a list someone is, and how often it was counted, is no part of a view.
NOT_KEPT = ("page", "count", "view")
CHANGED = "“{}” was changed since you opened it."


class NotYours(DomainError):
    """Someone else's view."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(
            f"“{seen.view.name}” belongs to {seen.owner}: save it as a view of your own."
        )


class Overtaken(DomainError):
    """The view is not as it was when what is to be saved was made of it."""


def read_arguments(text: str) -> dict[str, str]:
    """A view's arguments from the part of a list's address behind the question mark."""
    pairs = parse_qsl(text.lstrip("?")[:MAX_ARGUMENTS_LENGTH])
    return {name: value for name, value in pairs if name not in NOT_KEPT}


def save_as(
    actor: Actor, operator: Operator, name: str, arguments: Mapping[str, str], *, is_shared: bool
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
    finds = FieldChange("what it finds", None, in_words(arguments))
    record.write(actor, "saved a view", view, [finds], is_told=is_shared)
    return view


def save_over(actor: Actor, seen: Seen, arguments: Mapping[str, str], drawn: str) -> SavedView:
    """``drawn`` is the view's ``mark`` when the list was drawn that shall be kept under its name.

    Raises ``NotYours``, and ``Overtaken`` where somebody saved meanwhile.
    """
    _check_theirs(seen)
    view, before = seen.view, seen.view.arguments
    _set_as_drawn(view, drawn, arguments=dict(arguments))
    change = FieldChange("what it finds", in_words(before), in_words(arguments))
    record.write(actor, "saved over", view, [change], is_told=view.is_shared)
    return view


def rename(
    actor: Actor, operator: Operator, seen: Seen, name: str, drawn: str, *, is_shared: bool
) -> None:
    """Another name, shared or not. ``drawn`` is the view's ``mark`` when its form was drawn.

    Raises ``NotYours``, ``InvalidInput``, and ``Overtaken`` where somebody saved meanwhile.
    """
    _check_theirs(seen)
    view, was, was_shared = seen.view, seen.view.name, seen.view.is_shared
    if (was, was_shared) == (name, is_shared):
        return
    _set_as_drawn(view, drawn, name=_checked(name, operator, view), is_shared=is_shared)
    changes = [
        FieldChange(field, before, after)
        for field, before, after in (
            ("name", was, view.name),
            ("shared", YES[was_shared], YES[is_shared]),
        )
        if before != after
    ]
    record.write(actor, "changed the view", view, changes, is_told=is_shared or was_shared)


def delete(actor: Actor, seen: Seen, drawn: str) -> None:
    """It is nobody's home any more. ``drawn`` is the view's ``mark`` when it was asked about.

    Raises ``NotYours``, and ``Overtaken`` where somebody saved meanwhile.
    """
    _check_theirs(seen)
    view = seen.view
    if not db.session.execute(_as_drawn(delete_from(SavedView), view, drawn)).all():
        raise Overtaken(CHANGED.format(view.name))
    leave = update(Operator).where(Operator.home_view == str(view.uuid)).values(home_view=None)
    db.session.execute(leave)
    change = FieldChange("what it finds", in_words(view.arguments), None)
    record.write(actor, "deleted the view", view, [change], is_told=view.is_shared)


def set_home(actor: Actor, operator: Operator, key: str | None) -> None:
    """What the list opens with for this operator: a view's key, or all campaigns."""
    before = operator.home_view
    if before == key:
        return
    operator.home_view = key
    db.session.flush()
    record.write_home(actor, operator, before)


def _check_theirs(seen: Seen) -> None:
    if not seen.may_change:
        raise NotYours(seen)


def _set_as_drawn(view: SavedView, drawn: str, **values: Any) -> None:
    kept = update(SavedView).values(**values, changed_at=utc_now())
    if not db.session.execute(_as_drawn(kept, view, drawn)).all():
        raise Overtaken(CHANGED.format(view.name))


def _as_drawn(
    statement: Update | Delete, view: SavedView, drawn: str
) -> ReturningUpdate[int] | ReturningDelete[int]:
    """Only while it is as it was drawn, which it returns the id of.

    Asked of the database: another may be saving in this very moment.
    """
    as_drawn = statement.where(SavedView.id == view.id, SavedView.changed_at == _moment(drawn))
    return as_drawn.returning(SavedView.id)


def _moment(mark: str) -> datetime:
    """Of a view's ``mark``; a long gone moment where it is none."""
    try:
        return datetime.fromisoformat(mark).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)


def _checked(name: str, operator: Operator, same: SavedView | None = None) -> str:
    if not name:
        raise InvalidInput({"name": "Give it a name."})
    if len(name) > NAME_LENGTH:
        raise InvalidInput({"name": f"A name has at most {NAME_LENGTH} characters."})
    others = [view for view in queries.own_views(operator) if view is not same]
    if any(view.name.casefold() == name.casefold() for view in others):
        raise InvalidInput({"name": f"You have a view called “{name}” already."})
    return name
