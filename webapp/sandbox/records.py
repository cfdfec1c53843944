"""What a record looks like on the wire, and as a row of the state file."""

import json
from typing import Any

Record = dict[str, Any]

# A new campaign, before what its maker says of it; its members in the order they are served.
BLANK: Record = {
    "id": "",
    "title": "",
    "advertiserId": "",
    "advertiser": None,
    "organizationId": "",
    "externalId": None,
    "totalBudgetCents": None,
    "totalBudgetCurrency": None,
    "totalRevenueCents": 0,
    "totalRevenueCurrency": "USD",
    "durationInSeconds": 0,
    "copyNeeded": False,
    "bookingSource": None,
    "createdAt": "",
    "updatedAt": "",
}

Row = tuple[str, str, str | None, str, str, str]


# Made once: ``json.dumps`` would make one per row.
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(value: object) -> str:
    """Compact JSON with letters as they are."""
    return _encoder.encode(value)


def parse(text: str) -> Record:
    """A record from its JSON."""
    record: Record = json.loads(text)
    return record


def embed(advertiser: Record, agency: Record | None) -> Record:
    """An advertiser as campaigns carry it: id, name, and the agency's id and name or null."""
    thin = {"id": agency["id"], "name": agency["name"]} if agency else None
    return {"id": advertiser["id"], "name": advertiser["name"], "agency": thin}


def campaign_row(campaign: Record) -> Row:
    """A campaign's columns, its JSON rendered."""
    told = f"{campaign['title']}\n{campaign['externalId'] or ''}\n{campaign['advertiser']['name']}"
    ids = (campaign["id"], campaign["advertiserId"], campaign["updatedAt"])
    return ("campaigns", *ids, told.casefold(), dump(campaign))


def seller_row(kind: str, seller: Record) -> Row:
    """The columns of an agency or an advertiser."""
    words = seller["name"].casefold()
    return (kind, seller["id"], None, seller["updatedAt"], words, dump(seller))
