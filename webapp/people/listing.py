"""The list of people: its sorts and filters, and one page of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from webapp.auth import sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.auth.permissions import ROLES
from webapp.core.db import db
from webapp.core.listing import Filter, ListParams, ListTable, Page, page_of

STATES = {"all": "On and off", "on": "May sign in", "off": "Switched off"}


@dataclass(frozen=True, slots=True)
class Row:
    """One person, and in how many browsers they are signed in."""

    person: Operator
    sessions: int


def _by_role(text: str) -> ColumnElement[bool] | None:
    if text and text not in ROLES:
        raise ValueError(text)
    return Operator.role == text if text else None


def _by_state(text: str) -> ColumnElement[bool] | None:
    if text not in STATES:
        raise ValueError(text)
    return None if text == "all" else Operator.active.is_(text == "on")


PEOPLE = ListTable(
    sorts={
        "email": (Operator.email,),
        "seen": (Operator.last_sign_in_at,),
        "since": (Operator.created_at,),
    },
    tie_break=Operator.id,
    default_sort="email",
    filters={"role": Filter(_by_role), "state": Filter(_by_state, default="all")},
)


def list_people(params: ListParams, now: datetime) -> Page[Row]:
    """One page of people, each with their live sessions, in two statements."""
    conditions = PEOPLE.conditions(params)
    conditions += [Operator.email.icontains(word, autoescape=True) for word in params.query.split()]
    query = select(Operator, _live_sessions(now)).where(*conditions)
    rows = db.session.execute(
        query.order_by(*PEOPLE.order(params)).offset(params.offset).limit(params.per_page + 1)
    )
    found = [Row(person, number) for person, number in rows]
    total = db.session.scalar(select(func.count(Operator.id)).where(*conditions))
    return page_of(found, params, total)


def _live_sessions(now: datetime) -> ScalarSelect[int]:
    query = select(func.count(OperatorSession.id)).where(
        OperatorSession.operator_id == Operator.id,
        OperatorSession.ended_at.is_(None),
        OperatorSession.last_seen_at > now - sessions.IDLE,
        OperatorSession.created_at > now - sessions.ABSOLUTE,
    )
    return query.correlate(Operator).scalar_subquery()
