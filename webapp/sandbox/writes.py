"""Writes: each changes records and adds to the log of applied writes, in the caller's transaction.

The log is what tests compare with what a client believes; it holds a write if and only if it took
effect, whether or not the answer reached anybody.
"""

from dataclasses import dataclass

from webapp.sandbox import records
from webapp.sandbox.ids import new_uuid, stamp
from webapp.sandbox.records import BLANK, Record
from webapp.sandbox.state import INSERT, State


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote: ``sender`` is ``api`` (the v1 paths) or ``vendor`` (the page, the control)."""

    sender: str
    method: str
    path: str
    request_id: str
    body: str | None = None


def create_campaign(state: State, values: Record, origin: Origin) -> Record:
    """Add a campaign made of checked values; returns it whole."""
    now = state.now_ms()
    campaign = BLANK | {"id": new_uuid(now), "organizationId": state.organization}
    campaign |= {"createdAt": stamp(now), "updatedAt": stamp(now)}
    campaign["totalRevenueCurrency"] = values.get("totalBudgetCurrency") or "USD"
    campaign |= values
    campaign["advertiser"] = _thin(state, campaign["advertiserId"])
    cursor = state.db.execute(INSERT, records.campaign_row(campaign))
    state.order["campaigns"].append(cursor.lastrowid or 0)
    _log(state, origin, campaign, sorted(values))
    return campaign


def update_campaign(state: State, campaign: Record, values: Record, origin: Origin) -> Record:
    """Set checked values; ``updatedAt`` moves only when one of them is new."""
    changed = sorted(name for name, value in values.items() if campaign[name] != value)
    after = campaign | values
    if changed:
        # A clock that was set back must not make an edit look old.
        after["updatedAt"] = max(stamp(state.now_ms()), campaign["updatedAt"])
    after["advertiser"] = _thin(state, after["advertiserId"])
    _replace(state, records.campaign_row(after))
    _log(state, origin, after, changed)
    return after


def delete_campaign(state: State, campaign: Record, origin: Origin) -> None:
    """Remove it; nothing is left behind but the log."""
    position = state.position_of("campaigns", campaign["id"])
    if position is None:
        return
    state.db.execute("DELETE FROM records WHERE position = ?", (position,))
    state.order["campaigns"].remove(position)
    _log(state, origin, campaign, [])


def create_advertiser(state: State, name: str, agency_id: str | None, origin: Origin) -> Record:
    """Add an advertiser, as only the vendor's own people can."""
    now = state.now_ms()
    advertiser: Record = {"id": new_uuid(now), "name": name, "agencyId": agency_id}
    advertiser |= {"competitiveCategories": None}
    advertiser |= {"createdAt": stamp(now), "updatedAt": stamp(now)}
    cursor = state.db.execute(INSERT, records.seller_row("advertisers", advertiser))
    state.order["advertisers"].append(cursor.lastrowid or 0)
    _log(state, origin, advertiser, ["agencyId", "name"])
    return advertiser


def rename_advertiser(state: State, advertiser: Record, name: str, origin: Origin) -> Record:
    """Rename, also inside its campaigns, whose own ``updatedAt`` stays."""
    renamed = advertiser | {"name": name, "updatedAt": stamp(state.now_ms())}
    _replace(state, records.seller_row("advertisers", renamed))
    thin = _thin(state, renamed["id"])
    rows = state.db.execute(
        "SELECT body FROM records WHERE advertiser_id = ?", (renamed["id"],)
    ).fetchall()
    for (body,) in rows:
        _replace(state, records.campaign_row(records.parse(body) | {"advertiser": thin}))
    _log(state, origin, renamed, ["name"])
    return renamed


def _replace(state: State, row: records.Row) -> None:
    _, record_id, *columns = row
    state.db.execute(
        "UPDATE records SET advertiser_id = ?, updated_at = ?, words = ?, body = ? WHERE id = ?",
        (*columns, record_id),
    )


def _thin(state: State, advertiser_id: str) -> Record:
    advertiser = state.find("advertisers", advertiser_id)
    if advertiser is None:
        raise LookupError(f"no advertiser {advertiser_id}")
    agency_id = advertiser["agencyId"]
    return records.embed(advertiser, state.find("agencies", agency_id) if agency_id else None)


def _log(state: State, origin: Origin, record: Record, changed: list[str]) -> None:
    state.db.execute(
        "INSERT INTO applied_writes"
        " (time, sender, method, path, remote_id, body, changed, request_id, marker)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(stamp(state.now_ms()), origin.sender, origin.method, origin.path, record["id"]),
            *(origin.body, " ".join(changed), origin.request_id, record.get("externalId")),
        ),
    )
