"""The timeline as a list: its sorts and filters, one page of it, and all of it for a file."""

import re
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from webapp.audit.models import SOURCES, AuditEvent
from webapp.audit.queries import about
from webapp.core.db import db
from webapp.core.listing import (
    Filter,
    ListParams,
    ListTable,
    Page,
    count_of,
    is_counted,
    page_of,
)
from webapp.web.settings import zone

# Words are looked for in so many of the newest events that the other filters leave.
MOST_SEARCHED = 20_000
MOST_WORDS = 5
MOST_IN_FILE = 1_000_000
NOBODY = "nobody"
SEARCHED = (
    AuditEvent.object_label,
    AuditEvent.actor,
    AuditEvent.before,
    AuditEvent.after,
    AuditEvent.reason,
    AuditEvent.request_id,
)

_ONE_OBJECT = re.compile(r"([a-z][a-z ]{0,19})-(\d{1,9})")
_NAME = re.compile(r"[a-z][a-z _-]{0,39}")


def _by_who(text: str) -> ColumnElement[bool] | None:
    if text == NOBODY:
        return AuditEvent.operator_id.is_(None)
    return AuditEvent.operator_id == _id(text) if text else None


def _by_source(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text not in SOURCES:
        raise ValueError(text)
    return AuditEvent.source == text


def _by_name(column: Any) -> Callable[[str], ColumnElement[bool] | None]:
    def condition(text: str) -> ColumnElement[bool] | None:
        if not text:
            return None
        if not _NAME.fullmatch(text):
            raise ValueError(text)
        found: ColumnElement[bool] = column == text
        return found

    return condition


def _by_object(text: str) -> ColumnElement[bool] | None:
    return and_(*about(*object_named(text))) if text else None


def _by_first_day(text: str) -> ColumnElement[bool] | None:
    return AuditEvent.at >= _midnight(text) if text else None


def _by_last_day(text: str) -> ColumnElement[bool] | None:
    return AuditEvent.at < _midnight(text, days=1) if text else None


def object_named(text: str) -> tuple[str, int]:
    """``campaign-7`` as a kind of object and its number. Raises ``ValueError``."""
    found = _ONE_OBJECT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found[1], int(found[2])


def _midnight(text: str, days: int = 0) -> datetime:
    """When a day begins where the pages' times are from, or one so many days after it."""
    day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone())
    if not 1900 < day.year < 9000:
        raise ValueError(text)
    return day + timedelta(days=days)


def _id(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(text)
    return int(text)


EVENTS = ListTable(
    sorts={
        "when": (AuditEvent.at,),
        "source": (AuditEvent.source, AuditEvent.at),
        "kind": (AuditEvent.object_type, AuditEvent.at),
        "action": (AuditEvent.action, AuditEvent.at),
    },
    tie_break=AuditEvent.id,
    default_sort="-when",
    filters={
        "who": Filter(_by_who),
        "source": Filter(_by_source),
        "kind": Filter(_by_name(AuditEvent.object_type)),
        "action": Filter(_by_name(AuditEvent.action)),
        "about": Filter(_by_object),
        "from": Filter(_by_first_day),
        "to": Filter(_by_last_day),
    },
)


def list_events(params: ListParams) -> Page[AuditEvent]:
    """One page of events; at most two statements, however many there are."""
    wanted = _wanted(params)
    if params.query:
        return _found(wanted, params)
    ids = _ordered(wanted, params).offset(params.offset).limit(params.per_page + 1)
    rows = db.session.scalars(
        _ordered(select(AuditEvent).where(AuditEvent.id.in_(ids.scalar_subquery())), params)
    ).all()
    if is_counted(rows, params):
        return page_of(rows, params)
    most = params.most_counted
    return page_of(rows, params, db.session.scalar(select(count_of(wanted, most))), most)


def _found(wanted: Select[int], params: ListParams) -> Page[AuditEvent]:
    """The same where words are looked for: that takes longest, and is done once."""
    ids = db.session.scalars(_ordered(wanted, params)).all()
    shown = ids[params.offset : params.offset + params.per_page]
    events = events_by_id(shown) if shown else {}
    return page_of([events[id_] for id_ in shown if id_ in events], params, len(ids))


def listed_ids(params: ListParams) -> "array[int]":
    """The events of a list in its order, as many as a file may hold."""
    query = _ordered(_wanted(params), params).limit(MOST_IN_FILE)
    rows = db.session.scalars(query, execution_options={"yield_per": 10_000})
    return array("q", rows)


def events_by_id(ids: Sequence[int]) -> dict[int, AuditEvent]:
    """These events, those that are still there."""
    found = db.session.scalars(select(AuditEvent).where(AuditEvent.id.in_(ids)))
    return {event.id: event for event in found}


def _wanted(params: ListParams) -> Select[int]:
    query = select(AuditEvent.id).where(*EVENTS.conditions(params))
    words = params.query.split()[:MOST_WORDS]
    if not words:
        return query
    # One text to look through, which is quicker than six; a word does not reach over a line's end.
    text = reduce(add, (func.coalesce(each, "") + "\n" for each in SEARCHED)).label("text")
    texts = select(AuditEvent.id, text).where(*EVENTS.conditions(params))
    ordered = texts.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    # Looked through as a table of its own: a database may otherwise look through all there are.
    newest = ordered.limit(MOST_SEARCHED).subquery()
    # SQLite's LIKE heeds no case by itself; made small letters first, it takes far longer.
    is_sqlite = db.engine.dialect.name == "sqlite"
    like = newest.c.text.contains if is_sqlite else newest.c.text.icontains
    found = [like(word, autoescape=True) for word in words]
    return select(AuditEvent.id).where(AuditEvent.id.in_(select(newest.c.id).where(*found)))


def _ordered(query: Select[Any], params: ListParams) -> Select[Any]:
    return query.order_by(*EVENTS.order(params))
