"""The OpenAPI 3.1 document: made from the operations as they are declared, once in a process."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from webapp.api.examples import example_of
from webapp.api.openapi_answers import responses, shared_headers, shared_responses
from webapp.api.openapi_schemas import Schemas, parameters, schemas_of
from webapp.api.openapi_words import (
    ABOUT,
    NUMBER,
    NUMBERED,
    PARTS,
    REQUEST_HEADERS,
    TAGS,
    TITLE,
    VERSION,
)
from webapp.api.operation import OPERATIONS, Operation

PREFIX = "/api/v1"
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@cache
def document() -> Mapping[str, Any]:
    """The whole document. Nothing of it depends on settings or data."""
    operations = sorted(OPERATIONS.values(), key=_order)
    schemas = schemas_of(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = paths.setdefault(path_of(operation), {})
        path[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "servers": [{"url": PREFIX, "description": "This service."}],
        "security": [{"token": []}],
        "tags": [
            {"name": name, "description": TAGS.get(name, "")}
            for name in dict.fromkeys(operation.tag for operation in operations)
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token with the scope that the operation names.",
                }
            },
            "schemas": dict(sorted(schemas.named.items())),
            "responses": shared_responses(operations),
            "headers": shared_headers(),
        },
    }


@cache
def document_text() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def path_of(operation: Operation) -> str:
    """``/campaigns/{uuid}``"""
    return _PART.sub(r"{\1}", operation.rule)


def arguments_of(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    """Parts of the address, arguments and headers, in this order."""
    found = [_part(name) for name in _PART.findall(operation.rule)]
    found += parameters(schemas.arguments.get(operation.id, {}))
    return found + [_header(name) for name in request_headers(operation)]


def request_headers(operation: Operation) -> list[str]:
    """Those that it heeds; each ``POST`` takes a key."""
    keyed = {"Idempotency-Key"} if operation.method == "POST" else set()
    return sorted(operation.headers | keyed)


def _order(operation: Operation) -> tuple[int, str, str]:
    known = list(TAGS)
    place = known.index(operation.tag) if operation.tag in known else len(known)
    return (place, operation.rule, operation.method)


def _described(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    scope = operation.scope.value
    words = operation.description.replace("``", "`")
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"{words}\n\nNeeds a token with the scope `{scope}`.",
        "security": [{"token": [scope]}],
        "parameters": arguments_of(operation, schemas),
    }
    if operation.body is not None:
        schema = schemas.bodies[operation.id]
        example = operation.example or example_of(schema, schemas.named)
        content = {"application/json": {"schema": schema, "example": example}}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = responses(operation, schemas)
    return described


def _part(name: str) -> dict[str, Any]:
    words, schema = PARTS.get(name, (NUMBERED, NUMBER))
    return {"name": name, "in": "path", "required": True, "description": words, "schema": schema}


def _header(name: str) -> dict[str, Any]:
    words, schema = REQUEST_HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": words,
        "schema": schema,
    }
