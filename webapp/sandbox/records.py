"""What a record looks like on the wire, and as a row of the state file."""

import json
from typing import Any

Record = dict[str, Any]

# The order in which a campaign's members are served.
MEMBERS = (
    "id",
    "title",
    "advertiserId",
    "advertiser",
    "organizationId",
    "externalId",
    "totalBudgetCents",
    "totalBudgetCurrency",
    "totalRevenueCents",
    "totalRevenueCurrency",
    "durationInSeconds",
    "copyNeeded",
    "bookingSource",
    "createdAt",
    "updatedAt",
)
# A new campaign, before what its maker says of it.
BLANK: Record = {
    "externalId": None,
    "totalBudgetCents": None,
    "totalBudgetCurrency": None,
    "totalRevenueCents": 0,
    "totalRevenueCurrency": "USD",
    "durationInSeconds": 0,
    "copyNeeded": False,
    "bookingSource": None,
}

Row = tuple[str, str, str | None, str, str, str]


def dump(value: object) -> str:
    """Compact JSON with letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse(text: str) -> Record:
    """A record from its JSON."""
    record: Record = json.loads(text)
    return record


def embed(advertiser: Record, agency: Record | None) -> Record:
    """An advertiser as campaigns carry it: id, name, and the agency's id and name or null."""
    thin = {"id": agency["id"], "name": agency["name"]} if agency else None
    return {"id": advertiser["id"], "name": advertiser["name"], "agency": thin}


def campaign_row(campaign: Record, advertiser: Record) -> Row:
    """A campaign's columns, its JSON rendered with that embedded advertiser."""
    whole = campaign | {"advertiser": advertiser}
    told = f"{whole['title']}\n{whole['externalId'] or ''}\n{advertiser['name']}"
    body = dump({name: whole[name] for name in MEMBERS})
    ids = (whole["id"], whole["advertiserId"], whole["updatedAt"])
    return ("campaigns", *ids, told.casefold(), body)


def seller_row(kind: str, seller: Record) -> Row:
    """The columns of an agency or an advertiser."""
    words = seller["name"].casefold()
    return (kind, seller["id"], None, seller["updatedAt"], words, dump(seller))
