"""Records for tests, made with as little as possible: each has defaults that make sense together.

Everything is flushed, nothing is committed; the test client commits before each request.
"""

import hashlib
import itertools
import uuid
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import insert, select

from webapp.advertisers.models import Advertiser, Agency
from webapp.audit.service import Actor
from webapp.auth import passwords, sessions
from webapp.auth.models import ApiToken, Invitation, Operator
from webapp.auth.queries import token_digest
from webapp.bulk import service as bulk
from webapp.bulk.models import EDIT, BulkJob
from webapp.campaigns import fields
from webapp.campaigns.fields import CampaignValues, editable, snapshot
from webapp.campaigns.keys import derived_columns, owner_key
from webapp.campaigns.models import (
    CREATE,
    IN_FLIGHT,
    NOT_SENT,
    READY,
    UPDATE,
    Campaign,
    Change,
    Conflict,
)
from webapp.connections.models import ACTIVE, DETACHED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import Model, db
from webapp.core.text import fold
from webapp.exchange.models import ImportFile
from webapp.savedviews.models import SavedView
from webapp.sync.models import COMPLETE, OPEN_STATES, Duplicate, PulledChange, SyncRun

PASSWORD = "correct horse battery"
SOME_DAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ACTOR = Actor("tester@example.com", "web")

T = TypeVar("T", bound=Model)
_numbers = itertools.count(1)


def _add(record: T) -> T:
    db.session.add(record)
    db.session.flush()
    return record


def _remote_id() -> str:
    return str(uuid.UUID(int=next(_numbers) + (0x11F0 << 48)))


def operator(
    role: str = "manager",
    *,
    email: str | None = None,
    password: str = PASSWORD,
    active: bool = True,
) -> Operator:
    """Someone who can sign in with ``password``."""
    return _add(
        Operator(
            email=email or f"{role}{next(_numbers)}@example.com",
            password_hash=_hashed(password),
            role=role,
            active=active,
            created_at=SOME_DAY,
        )
    )


@cache
def _hashed(password: str) -> str:
    # Hashing is slow on purpose; once for each password is enough.
    return passwords.hash_of(password)


def api_token(scopes: str = "read write sync", *, name: str | None = None, **values: Any) -> str:
    """A script's token, as the script sends it."""
    token = f"fdk_test{next(_numbers)}"
    defaults = {
        "name": name or token,
        "digest": token_digest(token),
        "scopes": scopes,
        "per_window": 3_000,
        "created_at": SOME_DAY,
    }
    _add(ApiToken(**defaults | values))
    return token


def invitation(secret: str | None = None, **values: Any) -> str:
    """An open invitation of somebody new; gives its link's secret."""
    secret = secret or f"fdk_join_test{next(_numbers)}"
    defaults = {
        "digest": token_digest(secret),
        "email": f"new{next(_numbers)}@example.com",
        "role": "operator",
        "created_at": utc_now(),
        "expires_at": utc_now() + timedelta(days=7),
    }
    _add(Invitation(**defaults | values))
    return secret


def session(of: Operator, **values: Any) -> str:
    """A browser in which somebody is signed in; gives its cookie's secret."""
    return sessions.begin(
        of, address="192.0.2.1", agent="A browser", now=values.get("now") or utc_now()
    )


def connection(**values: Any) -> Connection:
    """A new connection; other records take the first that is not detached."""
    defaults = {
        "platform": "megaphone",
        "name": "Megaphone",
        "base_url": "http://127.0.0.1:9/api",
        "external_id": f"organisation-{next(_numbers)}",
        "state": ACTIVE,
        "created_at": SOME_DAY,
    }
    return _add(Connection(**defaults | values))


def _first(model: type[T], make: Callable[[], T], *conditions: Any) -> T:
    query = select(model).where(*conditions).order_by(model.__table__.c.id).limit(1)
    return db.session.scalars(query).one_or_none() or make()


def the_connection() -> Connection:
    return _first(Connection, connection, Connection.state != DETACHED)


def agency(**values: Any) -> Agency:
    defaults = {
        "connection_id": values.get("connection_id") or the_connection().id,
        "remote_id": _remote_id(),
        "name": f"Agency {next(_numbers)}",
        "remote_updated_at": SOME_DAY,
        "fingerprint": "",
        "synced_at": SOME_DAY,
    }
    return _add(Agency(**defaults | values))


def advertiser(**values: Any) -> Advertiser:
    """Has an agency of its own; ``agency_id=None`` for none."""
    name = values.get("name") or f"Advertiser {next(_numbers)}"
    connection_id = values.get("connection_id") or the_connection().id
    if "agency_id" not in values:
        values["agency_id"] = agency(connection_id=connection_id).id
    defaults = {
        "connection_id": connection_id,
        "remote_id": _remote_id(),
        "name": name,
        "name_key": fold(name)[:120],
        "remote_updated_at": SOME_DAY,
        "fingerprint": "",
        "synced_at": SOME_DAY,
    }
    return _add(Advertiser(**defaults | values))


def campaign(**values: Any) -> Campaign:
    """A campaign that both sides agree on. ``budget=(5000, "USD")`` sets amount and currency,
    ``owner=`` is an operator.

    ``waiting=True`` makes one that was booked here and is not in the ad server yet (without its
    change: see :func:`change`).
    """
    row = _campaign_row(next(_numbers), **values)
    made = _add(Campaign(**row))
    if made.remote_id is not None and made.base is None:
        made.base = snapshot(made)
        db.session.flush()
    return made


def campaigns(count: int, **values: Any) -> list[int]:
    """Many campaigns at once, and their ids. A value may be a function of the row's number."""
    connection_id = values.pop("connection_id", None) or the_connection().id
    if "advertiser_id" not in values:
        values["advertiser_id"] = _advertiser_of(connection_id).id
    names: dict[int, str] = {
        row.id: row.name for row in db.session.execute(select(Advertiser.id, Advertiser.name))
    }
    rows = []
    for number in range(count):
        own = {name: v(number) if callable(v) else v for name, v in values.items()}
        own |= {"connection_id": connection_id, "advertiser_name": names[own["advertiser_id"]]}
        rows.append(_campaign_row(number, **own))
    db.session.execute(insert(Campaign), rows)
    found = select(Campaign.id).where(Campaign.uuid.in_([row["uuid"] for row in rows[:500]]))
    if count > 500:
        found = select(Campaign.id)
    return list(db.session.scalars(found.order_by(Campaign.id)))


def _advertiser_of(connection_id: int) -> Advertiser:
    return _first(
        Advertiser,
        lambda: advertiser(connection_id=connection_id),
        Advertiser.connection_id == connection_id,
    )


def _campaign_row(number: int, **values: Any) -> dict[str, Any]:
    waiting = values.pop("waiting", False)
    minor, currency = values.pop("budget", None) or (None, None)
    owner: Operator | None = values.pop("owner", None)
    connection_id = values.pop("connection_id", None) or the_connection().id
    name = values.pop("advertiser_name", None)
    if "advertiser_id" not in values:
        values["advertiser_id"] = _advertiser_of(connection_id).id
    if name is None and values["advertiser_id"]:
        name = db.session.get_one(Advertiser, values["advertiser_id"]).name
    moment = SOME_DAY + timedelta(minutes=number % 100_000)
    row: dict[str, Any] = {
        "uuid": uuid.uuid4(),
        "connection_id": connection_id,
        "remote_id": None if waiting else _remote_id(),
        "title": f"Campaign {number}",
        "external_id": None,
        "total_budget_minor": minor,
        "total_budget_currency": currency,
        "copy_needed": False,
        "owner_id": owner.id if owner else None,
        "owner_key": owner_key(owner.email if owner else None),
        "created_at": moment,
        "changed_at": moment,
        "synced_at": None if waiting else moment,
        "sync_state": "waiting" if waiting else "confirmed",
        "archived_at": None,
    } | values
    derived = derived_columns(
        row["title"],
        row["external_id"],
        name,
        row["total_budget_minor"],
        row["total_budget_currency"],
    )
    return row | derived


def change(campaign: Campaign, **values: Any) -> Change:
    """An outgoing change of a campaign, ready to be sent unless ``state`` says otherwise."""
    state = values.get("state", READY)
    defaults = {
        "campaign_id": campaign.id,
        "connection_id": campaign.connection_id,
        "intent_key": uuid.uuid4(),
        "payload_digest": "",
        "kind": UPDATE if campaign.remote_id else CREATE,
        "fields": ["title"],
        "state": state,
        "next_attempt_at": utc_now(),
        "created_at": utc_now(),
        "finished_at": None if state in (*NOT_SENT, *IN_FLIGHT) else utc_now(),
    }
    return _add(Change(**defaults | values))


def conflict(campaign: Campaign, group: str, **values: Any) -> Conflict:
    """A field group that both sides changed; ``theirs`` is the ad server's value."""
    defaults = {
        "campaign_id": campaign.id,
        "field_group": group,
        "base": (campaign.base or {}).get(group),
        "observation": 1,
        "seen_at": SOME_DAY,
    }
    return _add(Conflict(**defaults | values))


def duplicate(campaign: Campaign, **values: Any) -> Duplicate:
    """A second remote record with the marker of a campaign that was booked from here."""
    campaign.marker = campaign.marker or f"fd-{next(_numbers):010}"
    defaults = {
        "connection_id": campaign.connection_id,
        "campaign_id": campaign.id,
        "remote_id": _remote_id(),
        "marker": campaign.marker,
        "seen_at": SOME_DAY,
    }
    return _add(Duplicate(**defaults | values))


def pulled_change(campaign: Campaign, run: SyncRun, **values: Any) -> PulledChange:
    """What a run took from the ad server: another title, unless told otherwise."""
    kind = values.get("kind", "changed")
    sides = {"field_group": "title", "before": "Before", "after": campaign.title}
    defaults = {
        "run_id": run.id,
        "campaign_id": campaign.id,
        "at": SOME_DAY,
        "kind": kind,
        **(sides if kind in ("changed", "conflict") else {}),
    }
    return _add(PulledChange(**defaults | values))


def sync_run(**values: Any) -> SyncRun:
    """A pull that read everything and found nothing new, unless told otherwise."""
    state = values.get("state", COMPLETE)
    is_open = state in OPEN_STATES
    defaults: dict[str, Any] = {
        "connection_id": values.get("connection_id") or the_connection().id,
        "trigger": "schedule",
        "requested_at": SOME_DAY,
        "state": state,
        "started_at": None if state == "requested" else SOME_DAY,
        "heartbeat_at": None if state == "requested" else SOME_DAY,
        "finished_at": None if is_open else SOME_DAY + timedelta(seconds=20),
        "set_aside": [],
    }
    return _add(SyncRun(**defaults | values))


def bulk_job(campaign_ids: Sequence[int], by: Operator | None = None, **values: Any) -> BulkJob:
    """A draft of somebody's with these campaigns, as they are, and nothing chosen yet."""
    who = by or operator()
    versions = select(Campaign.id, Campaign.version).where(Campaign.id.in_(campaign_ids))
    return bulk.draft(
        Actor(who.email, "web", operator_id=who.id),
        values.pop("kind", EDIT),
        [bulk.Planned(row.id, row.version) for row in db.session.execute(versions)],
        selection="Picked one by one",
        **values,
    )


def import_file(job: BulkJob | None = None, **values: Any) -> ImportFile:
    """A file with one line, of which this job, or nothing, came."""
    content = b"ID,Title\n,Spring\n"
    defaults = {
        "operator_id": job.operator_id if job else operator().id,
        "actor": job.actor if job else "manager@example.com",
        "name": "campaigns.csv",
        "digest": hashlib.sha256(content).hexdigest(),
        "content": zlib.compress(content),
        "created_at": utc_now(),
        "planned_at": utc_now(),
        "job_id": job.id if job else None,
        "row_count": 1,
        "changed_count": int(job is not None),
        "notes": ["Read as UTF-8, cells separated by commas."],
        "problems": [] if job else [[2, "Advertiser: A new campaign needs one."]],
    }
    return _add(ImportFile(**defaults | values))


def values_of(campaign: Campaign) -> CampaignValues:
    """What a form that was opened on this campaign would send back unchanged."""
    return fields.values_of(editable(campaign))


def saved_view(owner: Operator, **values: Any) -> SavedView:
    """A list under a name; ``is_shared=True`` for everybody to see."""
    defaults = {
        "operator_id": owner.id,
        "name": f"View {next(_numbers)}",
        "is_shared": False,
        "arguments": {"q": "spring"},
        "created_at": SOME_DAY,
        "changed_at": SOME_DAY,
    }
    return _add(SavedView(**defaults | values))
