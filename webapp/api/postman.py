"""A Postman collection (v2.1), made from the OpenAPI document: a folder a tag, a request each."""

import json
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from webapp.api import openapi

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_SPACE = uuid.UUID("a0b9a6c4-3b0f-4d52-8e5e-7d1c1f6b2a90")

Json = dict[str, Any]


@cache
def collection() -> Mapping[str, Any]:
    """Set its variables ``base_url`` and ``token``, then every request can be sent."""
    document = openapi.document()
    folders: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            folders[operation["tags"][0]].append(_item(method, path, operation))
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(_SPACE, "flightdeck")),
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [_pair("token", "{{token}}", type="string")]},
        "variable": [_pair("base_url", "http://127.0.0.1:8000"), _pair("token", "")],
        "item": [
            {"name": tag["name"], "description": tag["description"], "item": folders[tag["name"]]}
            for tag in document["tags"]
        ],
    }


@cache
def collection_text() -> str:
    return json.dumps(collection(), ensure_ascii=False, indent=1) + "\n"


def _pair(key: str, value: Any, **more: Any) -> Json:
    return {"key": key, "value": value, **more}


def _item(method: str, path: str, operation: Json) -> Json:
    parameters = {where: _those_in(where, operation) for where in ("path", "query", "header")}
    parts = path.strip("/").replace("{", ":").replace("}", "").split("/")
    raw = "{{base_url}}" + openapi.PREFIX + "/" + "/".join(parts)
    request: Json = {
        "method": method.upper(),
        "description": operation["description"],
        "header": [_pair("Accept", "application/json"), *parameters["header"]],
        "url": {
            "raw": raw,
            "host": ["{{base_url}}"],
            "path": [*openapi.PREFIX.strip("/").split("/"), *parts],
            "query": parameters["query"],
            "variable": parameters["path"],
        },
    }
    body = operation.get("requestBody")
    if body:
        example = body["content"]["application/json"]["example"]
        text = json.dumps(example, ensure_ascii=False, indent=2)
        request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
        request["header"].append(_pair("Content-Type", "application/json"))
    return {
        "name": operation["summary"],
        "request": request,
        "response": _answers(operation, request),
    }


def _those_in(where: str, operation: Json) -> list[Json]:
    """What may be left out is there, but switched off. A new key is made for each request."""
    return [
        _pair(
            each["name"],
            "{{$guid}}" if each["name"] == "Idempotency-Key" else _sample(each["schema"]),
            description=each.get("description", ""),
            **({} if where == "path" else {"disabled": each["name"] != "Idempotency-Key"}),
        )
        for each in operation["parameters"]
        if each["in"] == where
    ]


def _sample(schema: Json) -> str:
    choices = [*schema.get("examples", []), *schema.get("enum", []), schema.get("default", "")]
    first = choices[0]
    return json.dumps(first) if isinstance(first, bool) else str(first)


def _answers(operation: Json, request: Json) -> list[Json]:
    """The good answers as saved examples."""
    return [
        {
            "name": answer["description"],
            "originalRequest": request,
            "status": answer["description"],
            "code": int(status),
            "header": [_pair("Content-Type", "application/json")],
            "_postman_previewlanguage": "json",
            "body": json.dumps(
                answer["content"]["application/json"]["example"], ensure_ascii=False, indent=2
            ),
        }
        for status, answer in operation["responses"].items()
        if "content" in answer
    ]
