"""Examples of what is sent and answered, made from the schemas: one small world, told alike.

A name stands for the same value wherever it occurs; ``Model.name`` where it must differ.
"""

from collections.abc import Mapping
from typing import Any

UNKNOWN = "text"
PREFIX = "#/components/schemas/"
CAMPAIGN = "6f1c0c52-3d0e-4a57-9b0e-1f2a3b4c5d6e"
REMOTE_CAMPAIGN = "1a2b3c4d-5e6f-11f0-8de9-0242ac120002"
SAMPLES: dict[str, Any] = {
    "id": "17",
    "Campaign.id": CAMPAIGN,
    "megaphone_id": "7c9e6679-7425-11f0-8de9-0242ac120002",
    "Campaign.megaphone_id": REMOTE_CAMPAIGN,
    "external_id": "IO-2026-0417",
    "title": "Spring launch",
    "name": "Northwind Coffee",
    "Agency.name": "Harbor Media",
    "organization_id": "2f6ad6b0-5f1c-11f0-8de9-0242ac120002",
    "total_budget_cents": 500000,
    "total_budget_currency": "USD",
    "total_revenue_cents": 125000,
    "total_revenue_currency": "USD",
    "duration_in_seconds": 30,
    "booking_source": "api",
    "owner": "ana@example.com",
    "notes": "Wait for the copy.",
    "state": "confirmed",
    "detail": "",
    "page": 1,
    "per_page": 20,
    "total": 1,
    "next_cursor": None,
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """One value that the schema allows. ``name`` is ``Model.member`` of where it stands."""
    if "$ref" in schema:
        model = str(schema["$ref"]).removeprefix(PREFIX)
        return example_of(schemas[model], schemas, model)
    for told in ("examples", "enum"):
        if schema.get(told):
            return schema[told][0]
    if "const" in schema:
        return schema["const"]
    member = name.rpartition(".")[2]
    for known in (name, member):
        if known in SAMPLES:
            return SAMPLES[known]
    return _made(schema, schemas, name)


def _made(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Any:
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return example_of(choices[0], schemas, name)
    if schema.get("allOf"):
        return example_of(schema["allOf"][0], schemas, name)
    kind = schema.get("type")
    if kind == "array":
        return [example_of(schema["items"], schemas, name)]
    if kind == "object":
        members = schema.get("properties", {})
        return {key: example_of(each, schemas, f"{name}.{key}") for key, each in members.items()}
    if schema.get("default") is not None:
        return schema["default"]
    plain = {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": False, "null": None}
    return plain.get(str(kind), UNKNOWN)
