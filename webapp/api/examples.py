"""Examples of what is sent and answered, made from the schemas: one small world, told alike.

A name stands for the same value wherever it occurs; ``Model.name`` where it must differ.
"""

import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = "text"
_CAPITAL = re.compile(r"[A-Z]")
PREFIX = "#/components/schemas/"
CAMPAIGN = "6f1c0c52-3d0e-4a57-9b0e-1f2a3b4c5d6e"
TWIN = "b1d7a0c4-8e2f-4c39-a6d5-3f2e1d0c9b8a"
REMOTE_ADVERTISER = "7c9e6679-7425-11f0-8de9-0242ac120002"
REMOTE_AGENCY = "9b2d3c4e-7425-11f0-8de9-0242ac120002"
REMOTE_CAMPAIGN = "1a2b3c4d-5e6f-11f0-8de9-0242ac120002"
WHEN = "2026-03-02T09:30:00.000Z"
LATER = "2026-03-02T09:30:04.000Z"
SAMPLES: dict[str, Any] = {
    "id": "17",
    "Campaign.id": CAMPAIGN,
    "campaign_id": CAMPAIGN,
    "connection_id": "1",
    "Connection.id": "1",
    "megaphone_id": REMOTE_ADVERTISER,
    "Agency.megaphone_id": REMOTE_AGENCY,
    "Campaign.megaphone_id": REMOTE_CAMPAIGN,
    "SyncStatus.megaphone_id": REMOTE_CAMPAIGN,
    "RemoteCampaign.id": REMOTE_CAMPAIGN,
    "RemoteAdvertiser.id": REMOTE_ADVERTISER,
    "RemoteAdvertiserInCampaign.id": REMOTE_ADVERTISER,
    "RemoteAgency.id": REMOTE_AGENCY,
    "advertiser_id": "17",
    "agency_id": "17",
    "RemoteCampaign.advertiserId": REMOTE_ADVERTISER,
    "RemoteAdvertiser.agencyId": REMOTE_AGENCY,
    "external_id": "IO-2026-0417",
    "FullAgency.external_id": None,
    "title": "Spring launch",
    "name": "Northwind Coffee",
    "Agency.name": "Harbor Media",
    "FullAgency.name": "Harbor Media",
    "RemoteAgency.name": "Harbor Media",
    "Connection.name": "Megaphone",
    "Token.name": "nightly report",
    "organization_id": "2f6ad6b0-5f1c-11f0-8de9-0242ac120002",
    "platform": "megaphone",
    "base_url": "https://cms.megaphone.fm/api",
    "competitive_categories": "Food & drink",
    "RemoteAdvertiser.competitiveCategories": "Food & drink",
    "total_budget_cents": 500000,
    "total_budget_currency": "USD",
    "total_revenue_cents": 125000,
    "total_revenue_currency": "USD",
    "duration_in_seconds": 30,
    "booking_source": "api",
    "created_at": WHEN,
    "updated_at": WHEN,
    "owner": "ana@example.com",
    "email": "ana@example.com",
    "role": "manager",
    "notes": "Wait for the copy.",
    "state": "confirmed",
    "detail": None,
    "words": "Confirmed",
    "page": 1,
    "per_page": 20,
    "total": 1,
    "next_cursor": None,
    "message": "Everything was fetched.",
    "requested_by": "token nightly report",
    "by": "ana@example.com",
    "reason": "The rates are being agreed on anew.",
    "SetAside.reason": "It has no title.",
    "field": "title",
    "before": "Spring",
    "after": "Spring launch",
    "remote": "Spring launch 2026",
    "actor": "ana@example.com",
    "source": "web",
    "action": "changed",
    "request_id": "5f0c9a4be1f14c0a9a3d2e7b8c6d1f20",
    "Event.reason": None,
    "ChangeEvent.reason": None,
    "ChangedCampaign.id": CAMPAIGN,
    "Conflict.base": "Spring",
    "Conflict.ours": "Spring launch",
    "Conflict.theirs": "Spring launch 2026",
    "Resolution": {"choice": "theirs"},
    "change_id": "23",
    "OutgoingChange.id": "23",
    "OutgoingChange.kind": "update",
    "OutgoingChange.state": "ready",
    "OutgoingChange.can": ["cancel", "hold", "send_at", "undo"],
    "OutgoingChange.not_before": None,
    "OutgoingChange.sent_at": None,
    "OutgoingChange.finished_at": None,
    "Unsettled.choices": ["find_out", "link", "book_again"],
    "Unsettled.detail": "It was never listed.",
    "Candidate.id": TWIN,
    "Candidate.megaphone_id": REMOTE_CAMPAIGN,
    "Duplicate.megaphone_id": REMOTE_CAMPAIGN,
    "Duplicate.external_id": "fd-bcdfghjkmn",
    "duplicate_id": TWIN,
    "closed_at": None,
    "closed_by": None,
    "FeedMeta.next_cursor": "eyJhZnRlciI6NDJ9",
    "held_by": None,
    "last_error": None,
    "finished_at": LATER,
}
# Of an answer that says that something is still on its way.
ON_THE_WAY: dict[str, Any] = SAMPLES | {
    "status": "running",
    "state": "running",
    "SyncState.state": "sending",
    "message": "It is being fetched.",
    "finished_at": None,
}


def example_of(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    name: str = "",
    samples: Mapping[str, Any] = SAMPLES,
) -> Any:
    """One value that the schema allows. ``name`` is ``Model.member`` of where it stands."""
    if "$ref" in schema:
        model = str(schema["$ref"]).removeprefix(PREFIX)
        return example_of(schemas[model], schemas, model, samples)
    if name in samples:
        return samples[name]
    usual = _usual(name, samples)
    for told in ("examples", "enum"):
        if schema.get(told):
            return usual if usual in schema[told] else schema[told][0]
    if "const" in schema:
        return schema["const"]
    return usual if usual is not UNKNOWN else _made(schema, schemas, name, samples)


def _usual(name: str, samples: Mapping[str, Any]) -> Any:
    """What the member is elsewhere, in ``snake_case`` or in the ad server's ``camelCase``."""
    member = name.rpartition(".")[2]
    return samples.get(_CAPITAL.sub(lambda found: f"_{found[0].lower()}", member), UNKNOWN)


def _made(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, samples: Mapping[str, Any]
) -> Any:
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return example_of(choices[0], schemas, name, samples)
    kind = schema.get("type")
    if kind == "array":
        return [example_of(schema["items"], schemas, name, samples)]
    if kind == "object":
        members = schema.get("properties", {})
        return {
            key: example_of(each, schemas, f"{name}.{key}", samples)
            for key, each in members.items()
        }
    if schema.get("default") is not None:
        return schema["default"]
    plain = {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": False, "null": None}
    return plain.get(str(kind), UNKNOWN)
