"""What the invariants are checked against: our database, and the sandbox's own log of writes.

``gather`` fills it from any SQLAlchemy session and either a sandbox in this process
(``of_standin``) or one behind its control endpoint (``of_control``). What a layer saw besides (when
each request left, what operators saved) it adds itself.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session, scoped_session

from webapp.advertisers.models import Advertiser
from webapp.audit.models import AuditEvent
from webapp.campaigns.fields import GROUPS, Snapshot, snapshot
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.connections.models import Connection
from webapp.sandbox.state import State
from webapp.sync.models import Duplicate, SyncRun

CONTROL_PAGE = 100

AnySession = Session | scoped_session[Any]

# The wire's members of each field group.
MEMBERS = {
    "title": ("title",),
    "advertiser": ("advertiserId",),
    "external_id": ("externalId",),
    "copy_needed": ("copyNeeded",),
    "budget": ("totalBudgetCents", "totalBudgetCurrency"),
}


@dataclass(frozen=True)
class Saved:
    """One value that an operator saved, and the last audit event there was right after."""

    campaign_id: int
    group: str
    value: Any
    last_event: int
    at: float = 0.0


@dataclass(frozen=True)
class Write:
    """One write that took effect in the ad server, in the order in which they did.

    The rest is what was known as its request left, where the layer saw that: ``sent_at`` in
    seconds, the change that was marked and what its mark said, the last audit events as it left and
    as it was applied, and whether that was later than any request ever is.
    """

    number: int
    ours: bool
    method: str
    remote_id: str
    values: Snapshot
    marker: str | None
    at: float
    request_id: str = ""
    sent_at: float | None = None
    campaign_id: int | None = None
    change_id: int | None = None
    marked: Snapshot | None = None
    last_event: int | None = None
    applied_event: int | None = None
    too_late: bool = False


@dataclass(frozen=True)
class Call:
    """One request of ours, as the ad server or the network counted it."""

    at: float
    method: str
    status: int | None
    change_id: int | None = None


class RemoteSide(Protocol):
    """Where the ad server's truth is read from."""

    def campaigns(self) -> list[dict[str, Any]]: ...

    def applied_writes(self) -> list[dict[str, Any]]: ...


class OfStandin:
    """A sandbox in this process."""

    def __init__(self, state: State) -> None:
        self._state = state

    def campaigns(self) -> list[dict[str, Any]]:
        return self._state.records_at(self._state.positions("campaigns"))

    def applied_writes(self) -> list[dict[str, Any]]:
        return self._state.applied_writes()


class OfControl:
    """A sandbox behind its control endpoint: ``control`` is ``Sandbox.control``."""

    def __init__(self, control: Callable[..., Any]) -> None:
        self._control = control

    def campaigns(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        answer: dict[str, Any] = {"campaigns": [], "total": 1}
        while len(found) < answer["total"]:
            page = len(found) // CONTROL_PAGE + 1
            answer = self._control("GET", f"campaigns?page={page}")
            found += answer["campaigns"]
        return found

    def applied_writes(self) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = self._control("GET", "applied-writes")["writes"]
        return writes


@dataclass
class Evidence:
    """Everything at one moment. Values are field groups; ``noted`` is what was seen on the way.

    ``initial`` are the remote records before anything was done, ``settled`` says that faults were
    off, conflicts decided and two pulls made. ``rate`` is the limit of calls in 60 seconds,
    ``told_gone`` are the records of which the ad server has once said that it has none.
    """

    campaigns: dict[int, Row[Any]]
    ours: dict[int, Snapshot]
    changes: list[Row[Any]]
    conflicts: list[Row[Any]]
    events: list[Row[Any]]
    runs: list[Row[Any]]
    connections: list[Row[Any]]
    duplicates: list[Row[Any]]
    advertiser_names: dict[int, str]
    damage: list[str]
    remote: dict[str, Snapshot]
    writes: list[Write]
    initial: dict[str, Snapshot] = field(default_factory=dict)
    saved: list[Saved] = field(default_factory=list)
    booked: set[int] = field(default_factory=set)
    known_ids: set[int] = field(default_factory=set)
    archived: set[int] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    settled: bool = False
    rate: int | None = None
    told_gone: frozenset[str] = frozenset()
    keeps_external_ids: bool = True

    @property
    def campaign_events(self) -> list[Row[Any]]:
        return [event for event in self.events if event.object_type == "campaign"]

    def notes(self, name: str) -> list[str]:
        return [words for invariant, words in self.noted if invariant == name]

    def creates(self) -> dict[Any, list[Write]]:
        """Our applied creates by the booking that they were for."""
        found: dict[Any, list[Write]] = {}
        for write in self.writes:
            if write.ours and write.method == "POST":
                key = write.campaign_id or write.marker or write.values.get("title")
                found.setdefault(key, []).append(write)
        return found

    def history(self, remote_id: str) -> list[Write]:
        return [write for write in self.writes if write.remote_id == remote_id]

    def deleted(self) -> set[str]:
        return {write.remote_id for write in self.writes if write.method == "DELETE"}


def gather(session: AnySession, remote: RemoteSide, **seen: Any) -> Evidence:
    """Read both sides. ``seen`` are further fields of the evidence, as the layer knows them."""
    rows = session.execute(select(Advertiser.remote_id, Advertiser.id, Advertiser.name)).all()
    ids = {row.remote_id: row.id for row in rows}
    campaigns = session.execute(select(Campaign.__table__)).all()
    records = remote.campaigns()
    evidence = Evidence(
        campaigns={row.id: row for row in campaigns},
        ours={row.id: snapshot(row) for row in campaigns},
        changes=_all(session, Change),
        conflicts=_all(session, Conflict),
        events=_all(session, AuditEvent),
        runs=_all(session, SyncRun),
        connections=_all(session, Connection),
        duplicates=_all(session, Duplicate),
        advertiser_names={row.id: row.name for row in rows},
        damage=_damage(session),
        remote={each["id"]: whole(each, ids) for each in records},
        writes=[_write(each, ids) for each in remote.applied_writes()],
        **seen,
    )
    session.rollback()
    return evidence


def _all(session: AnySession, model: Any) -> list[Row[Any]]:
    table = model.__table__
    return list(session.execute(select(table).order_by(table.c.id)).all())


def groups_of(body: Mapping[str, Any], advertiser_ids: Mapping[str, int]) -> Snapshot:
    """The field groups that a body of the wire sets."""
    found: Snapshot = {}
    for group, members in MEMBERS.items():
        if members[0] not in body:
            continue
        value = body[members[0]]
        if group == "advertiser":
            value = advertiser_ids.get(value or "")
        elif group == "budget":
            value = None if value is None else [value, body.get(members[1])]
        elif group == "external_id":
            value = value or None
        found[group] = value
    return found


def whole(record: Mapping[str, Any], advertiser_ids: Mapping[str, int]) -> Snapshot:
    """All groups of a remote record, as we would keep them."""
    blank = {group: False if group == "copy_needed" else None for group in GROUPS}
    return blank | groups_of(record, advertiser_ids)


def _write(row: Mapping[str, Any], advertiser_ids: Mapping[str, int]) -> Write:
    body = json.loads(row["body"]) if row["body"] else {}
    make = whole if row["method"] == "POST" else groups_of
    return Write(
        number=row["number"],
        ours=row["sender"] == "api",
        method=row["method"],
        remote_id=row["remote_id"],
        values=make(body, advertiser_ids),
        marker=row["marker"],
        at=datetime.fromisoformat(row["time"]).timestamp(),
        request_id=row["request_id"],
    )


def _damage(session: AnySession) -> list[str]:
    """What is broken in the database itself."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    found = [f"foreign key: {row}" for row in session.execute(text("PRAGMA foreign_key_check"))]
    checked = session.scalars(text("PRAGMA quick_check")).all()
    return found + [line for line in checked if line != "ok"]


def repeated(values: Iterable[Any]) -> Sequence[Any]:
    """The values that come more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
