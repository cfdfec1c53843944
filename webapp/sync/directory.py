"""Mirroring agencies and advertisers. They are never removed: campaigns stand on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp.adservers.types import RemoteAdvertiser, RemoteAgency
from webapp.advertisers.models import KEY_LENGTH, Advertiser, Agency
from webapp.campaigns.keys import derived_columns
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.text import fold
from webapp.sync.mirror import fingerprint

RENAME_BATCH = 500
# Else rows are sent in as many statements as their empty columns alternate.
IN_ONE = {"render_nulls": True}
INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Directory:
    """Our advertisers of a connection: id by remote id, name by id. It grows as more are met."""

    ids: dict[str, int]
    names: dict[int, str]

    def name(self, advertiser_id: int | None) -> str | None:
        return self.names.get(advertiser_id) if advertiser_id is not None else None


def load_directory(connection_id: int) -> Directory:
    query = select(Advertiser.remote_id, Advertiser.id, Advertiser.name).where(
        Advertiser.connection_id == connection_id
    )
    rows = db.session.execute(query).all()
    return Directory({r.remote_id: r.id for r in rows}, {r.id: r.name for r in rows})


def merge_agencies(rows: Sequence[RemoteAgency], connection_id: int, now: datetime) -> int:
    """Add and update agencies, in the caller's transaction. Returns how many were read."""

    def columns(remote: RemoteAgency) -> dict[str, Any]:
        return {
            "name": remote.name,
            "external_id": remote.external_id,
            "remote_created_at": remote.created_at,
            "remote_updated_at": remote.updated_at,
        }

    marked = [(row, fingerprint(row.raw)) for row in rows]
    _merge(Agency, marked, columns, connection_id, now)
    return len(rows)


def merge_advertisers(rows: Sequence[RemoteAdvertiser], connection_id: int, now: datetime) -> int:
    """Add and update advertisers, in the caller's transaction. Returns how many were read.

    An agency that is only named within an advertiser, and in no list, is added by that name.
    """
    agencies = agency_ids(rows, connection_id, now)

    def columns(remote: RemoteAdvertiser) -> dict[str, Any]:
        return {
            "name": remote.name,
            "name_key": fold(remote.name)[:KEY_LENGTH],
            "agency_id": agencies.get(remote.agency_id or ""),
            "competitive_categories": remote.competitive_categories,
            "remote_created_at": remote.created_at,
            "remote_updated_at": remote.updated_at,
        }

    def mark(remote: RemoteAdvertiser) -> str:
        is_whole = remote.agency_id is None or remote.agency_id in agencies
        # Marked otherwise until its agency is known: it is then looked at again.
        return fingerprint(remote.raw if is_whole else {"without its agency": remote.raw})

    before = load_directory(connection_id)
    _merge(Advertiser, [(row, mark(row)) for row in rows], columns, connection_id, now)
    known = {before.ids[remote.id]: remote.name for remote in rows if remote.id in before.ids}
    _rename_in_campaigns({id_: name for id_, name in known.items() if before.names[id_] != name})
    return len(rows)


def _merge(
    model: type[Agency] | type[Advertiser],
    rows: Sequence[tuple[Any, str]],
    columns: Callable[[Any], dict[str, Any]],
    connection_id: int,
    now: datetime,
) -> None:
    known = {
        row.remote_id: row
        for row in db.session.execute(
            select(model.remote_id, model.id, model.fingerprint).where(
                model.connection_id == connection_id,
                model.remote_id.in_([remote.id for remote, _ in rows]),
            )
        )
    }
    added, changed = [], []
    for remote, mark in rows:
        row = {**columns(remote), "fingerprint": mark, "synced_at": now}
        if remote.id not in known:
            added.append({**row, "connection_id": connection_id, "remote_id": remote.id})
        elif known[remote.id].fingerprint != mark:
            changed.append({**row, "id": known[remote.id].id})
    add(model, added)
    if changed:
        db.session.execute(update(model), changed)


def add(model: type[Agency] | type[Advertiser], rows: list[dict[str, Any]]) -> None:
    """Add records in one statement. One that another process has added meanwhile stays as it is.

    In the order of their ids, so that two who add the same ones never wait for each other.
    """
    if rows:
        rows = sorted(rows, key=lambda row: str(row["remote_id"]))
        insert = INSERTS[db.engine.dialect.name](model).on_conflict_do_nothing(
            index_elements=["connection_id", "remote_id"]
        )
        db.session.execute(insert.execution_options(**IN_ONE), rows)


def agency_ids(
    rows: Sequence[RemoteAdvertiser], connection_id: int, now: datetime
) -> Mapping[str, int]:
    query = select(Agency.remote_id, Agency.id).where(Agency.connection_id == connection_id)
    known = {row.remote_id: row.id for row in db.session.execute(query)}
    unlisted = {
        remote.agency_id: remote.agency_name
        for remote in rows
        if remote.agency_id and remote.agency_name and remote.agency_id not in known
    }
    if not unlisted:
        return known
    added = [
        {
            "connection_id": connection_id,
            "remote_id": remote_id,
            "name": name,
            # Of the name alone: the full record, once listed, differs and replaces it.
            "fingerprint": fingerprint({"name": name}),
            "synced_at": now,
        }
        for remote_id, name in unlisted.items()
    ]
    add(Agency, added)
    return {row.remote_id: row.id for row in db.session.execute(query)}


def _rename_in_campaigns(names: Mapping[int, str]) -> None:
    """Campaigns are found and sorted by their advertiser's name: bring their keys up to date."""
    if not names:
        return
    query = (
        select(
            Campaign.id,
            Campaign.advertiser_id,
            Campaign.title,
            Campaign.external_id,
            Campaign.total_budget_minor,
            Campaign.total_budget_currency,
        )
        .where(Campaign.advertiser_id.in_(names))
        .order_by(Campaign.id)
        .execution_options(yield_per=RENAME_BATCH)
    )
    for batch in db.session.execute(query).partitions():
        db.session.execute(
            update(Campaign),
            [
                {
                    "id": row.id,
                    **derived_columns(
                        row.title,
                        row.external_id,
                        names[row.advertiser_id],
                        row.total_budget_minor,
                        row.total_budget_currency,
                    ),
                }
                for row in batch
            ],
        )
