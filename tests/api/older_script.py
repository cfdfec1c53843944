"""A script as people wrote them for the older service: it knows an address, and now a token.

Run it with both; it prints what it saw as JSON.
"""

import json
import sys
from typing import Any

import requests

SORTS = (
    "title",
    "created_at",
    "updated_at",
    "organization_id",
    "total_budget_cents",
    "total_budget_currency",
    "total_revenue_cents",
    "total_revenue_currency",
    "duration_in_seconds",
    "copy_needed",
    "booking_source",
    "synced_at",
    "archived",
)

BASE_URL, TOKEN = sys.argv[1:3]
session = requests.Session()
session.headers["Authorization"] = f"Bearer {TOKEN}"


def call(method: str, path: str, status: int = 200, **kwargs: Any) -> Any:
    response = session.request(method, f"{BASE_URL}{path}", timeout=60, **kwargs)
    if response.status_code != status:
        sys.exit(f"{method} {path}: {response.status_code} {response.text}")
    return response.json()


def all_campaigns(**filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = 1
    while True:
        params = {"page": page, "per_page": 50, **filters}
        found = call("GET", "/campaigns", params=params)
        items += found["items"]
        if page * found["meta"]["per_page"] >= found["meta"]["total"]:
            return items
        page += 1


def advertiser_named(name: str) -> dict[str, Any]:
    return next(a for a in call("GET", "/advertisers") if a["name"] == name)


def work_on_campaigns() -> dict[str, Any]:
    first = call("GET", "/advertisers")[0]
    advertiser = advertiser_named(first["name"])
    everything = all_campaigns()
    orders = {
        (name, order): [c["id"] for c in all_campaigns(sort_by=name, sort_order=order)]
        for name in SORTS
        for order in ("asc", "desc")
    }
    made = call(
        "POST",
        "/campaigns",
        201,
        json={
            "title": "Spring launch 2026",
            "advertiser_id": int(advertiser["id"]),
            "total_budget_cents": 1000000,
            "total_budget_currency": "USD",
        },
    )
    path = f"/campaigns/{made['id']}"
    budget = call("PUT", path, json={"total_budget_cents": 0})["total_budget_cents"]
    archived = call("PUT", f"{path}/archive", json={"archived": True})["archived"]
    in_archive = all_campaigns(archived=True, search="launch 2026")
    call("PUT", f"{path}/archive", json={"archived": False})
    return {
        "advertiser": advertiser,
        "campaigns": len(everything),
        "each_once": len({c["id"] for c in everything}) == len(everything),
        "orders": {len(set(ids)) for ids in orders.values()} == {len(everything)},
        "of_advertiser": sorted(
            {
                c["advertiser"]["id"]
                for c in all_campaigns(advertiser_id=advertiser["id"], archived=False)
            }
        ),
        "made": made,
        "read": call("GET", path),
        "budget": budget,
        "archived": archived,
        "in_archive": [c["id"] for c in in_archive],
        "missing": call("GET", "/campaigns/4711", 404)["status"],
        "with_slash": {
            "campaigns": call("GET", "/campaigns/")["meta"]["total"],
            "advertisers": len(call("GET", "/advertisers/")),
            "budget": call("PUT", f"{path}/", json={"total_budget_cents": 0})["total_budget_cents"],
        },
    }


def work_on_remote() -> dict[str, Any]:
    advertisers = call("GET", "/remote/advertisers")
    campaigns = call("GET", "/remote/campaigns")
    made = call(
        "POST",
        "/remote/campaigns",
        201,
        json={
            "title": "Booked there",
            "advertiserId": advertisers[0]["id"],
            "totalBudgetCents": 5000,
            "totalBudgetCurrency": "JPY",
        },
    )
    path = f"/remote/campaigns/{made['id']}"
    changed = call("PUT", path, json={"title": "Booked there, twice as loud"})
    return {
        "advertisers": len(advertisers),
        "campaigns": len(campaigns),
        "made": made,
        "changed": changed,
        "read": call("GET", path),
    }


def main() -> None:
    seen = {
        "local": work_on_campaigns(),
        "remote": work_on_remote(),
        "sync_advertisers": call("POST", "/sync/advertisers"),
        "sync_campaigns": call("POST", "/sync/campaigns"),
    }
    print(json.dumps(seen))


main()
