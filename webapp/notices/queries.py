"""Reading notices, what was sent of them, and what operators want to hear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text

from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.core.listing import Filter, ListParams, ListTable, Page, count_of, is_counted, page_of
from webapp.notices import kinds
from webapp.notices.models import Message, Notice, NoticeChoice

IS_OPEN = Notice.closed_at.is_(None)
IS_MATTER = Notice.kind != kinds.LOOK
_NEWS = (IS_OPEN, IS_MATTER, Notice.kind.not_in(kinds.SAID_BY_FRESHNESS))
# For the header of each page: how many are open that it does not say anyway, the words of one of
# them, and when a worker last looked.
HEADER = (
    select(func.count(Notice.id)).where(*_NEWS).scalar_subquery(),
    select(func.max(Notice.words)).where(*_NEWS).scalar_subquery(),
    select(func.max(Notice.seen_at)).where(IS_OPEN, Notice.kind == kinds.LOOK).scalar_subquery(),
)
UNDELIVERED_SHOWN = timedelta(days=7)
MOST_UNDELIVERED = 20


@dataclass(slots=True)
class Listener:
    """Somebody who may hear of something by e-mail. ``choices`` are those that they made."""

    id: int
    email: str
    role: str
    choices: dict[str, bool] = field(default_factory=dict)

    def wants(self, kind: str) -> bool:
        return self.choices.get(kind, kinds.wants_unasked(self.role, kind))


def open_notices_and_look() -> Sequence[Notice]:
    """All that are open, and the row that says when was last looked, locked."""
    found = _open_and_locked()
    is_first = all(notice.kind != kinds.LOOK for notice in found)
    if is_first and db.engine.dialect.name == "postgresql":
        # There is no row yet on which two that look for the first time could meet.
        db.session.execute(text("LOCK TABLE notice IN SHARE ROW EXCLUSIVE MODE"))
        return _open_and_locked()
    return found


def _open_and_locked() -> Sequence[Notice]:
    query = select(Notice).where(IS_OPEN).order_by(Notice.id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def listeners() -> list[Listener]:
    """Everybody who may sign in, with what they chose."""
    query = (
        select(Operator.id, Operator.email, Operator.role, NoticeChoice.kind, NoticeChoice.by_mail)
        .outerjoin(NoticeChoice, NoticeChoice.operator_id == Operator.id)
        .where(Operator.active)
        .order_by(Operator.id)
    )
    found: dict[int, Listener] = {}
    for row in db.session.execute(query):
        who = found.setdefault(row.id, Listener(row.id, row.email, row.role))
        if row.kind is not None:
            who.choices[row.kind] = row.by_mail
    return list(found.values())


def choices_of(operator: Operator) -> Mapping[str, bool]:
    """Each kind, and the digest: whether they hear of it by e-mail."""
    query = select(NoticeChoice).where(NoticeChoice.operator_id == operator.id)
    chosen = {each.kind: each.by_mail for each in db.session.scalars(query)}
    who = Listener(operator.id, operator.email, operator.role, chosen)
    return {kind: who.wants(kind) for kind in (*kinds.NAMES, kinds.DIGEST)}


def _by_state(text: str) -> ColumnElement[bool] | None:
    if text not in STATES:
        raise ValueError(text)
    if text == "open":
        return IS_OPEN
    return Notice.closed_at.is_not(None) if text == "past" else None


def _by_kind(text: str) -> ColumnElement[bool] | None:
    if text and text not in kinds.NAMES:
        raise ValueError(text)
    return Notice.kind == text if text else None


STATES = {"all": "Open and past", "open": "Open", "past": "Past"}
NOTICES = ListTable(
    sorts={"opened": (Notice.opened_at,), "closed": (Notice.closed_at,)},
    tie_break=Notice.id,
    default_sort="-opened",
    filters={"state": Filter(_by_state, default="all"), "kind": Filter(_by_kind)},
)


def list_notices(params: ListParams) -> Page[Notice]:
    """One page of notices; what is open comes first where nothing else is asked for."""
    wanted = select(Notice).where(IS_MATTER, *NOTICES.conditions(params))
    order = NOTICES.order(params)
    if params.sort == params.default_sort:
        order = [IS_OPEN.desc(), *order]
    shown = wanted.order_by(*order).offset(params.offset).limit(params.per_page + 1)
    rows = db.session.scalars(shown).all()
    if is_counted(rows, params):
        return page_of(rows, params)
    most = params.most_counted
    total = db.session.scalar(select(count_of(wanted.with_only_columns(Notice.id), most)))
    return page_of(rows, params, total, most)


def undelivered(now: datetime) -> Sequence[Message]:
    """Messages that were given up lately, newest first."""
    query = (
        select(Message)
        .where(Message.sent_at.is_(None), Message.given_up_at > now - UNDELIVERED_SHOWN)
        .order_by(Message.id.desc())
        .limit(MOST_UNDELIVERED)
    )
    return db.session.scalars(query).all()


def messages_between(ranges: Sequence[tuple[str, str]]) -> Sequence[Message]:
    """Messages with a key in one of these ranges, the second end left out."""
    found: list[Message] = []
    for low, high in ranges:
        query = select(Message).where(Message.key >= low, Message.key < high)
        found += db.session.scalars(query.order_by(Message.id))
    return found
