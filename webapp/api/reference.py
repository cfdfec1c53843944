"""The document as a page that is only read: each operation with all it takes and answers."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from webapp.api import markdown, openapi
from webapp.web.problems import MIMETYPE

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing to be sent. ``kind`` says in words what it may be."""

    name: str
    where: str
    kind: str
    needed: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One status; ``codes`` are those of an error, ``example`` is the body of a good answer."""

    status: str
    description: str
    codes: Sequence[str]
    headers: Sequence[str]
    members: Sequence[Argument]
    example: str


@dataclass(frozen=True, slots=True)
class Page:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    description: Sequence[markdown.Block]
    arguments: Sequence[Argument]
    body: Sequence[Argument]
    curl: str
    answers: Sequence[Answered]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag."""

    name: str
    description: str
    pages: Sequence[Page]


@cache
def chapters() -> Sequence[Chapter]:
    """All of it, in the document's order. Made once in a process."""
    document = openapi.document()
    made: dict[str, list[Page]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            made[operation["tags"][0]].append(_page(method.upper(), path, operation))
    return [Chapter(tag["name"], tag["description"], made[tag["name"]]) for tag in document["tags"]]


def about() -> Sequence[markdown.Block]:
    return markdown.blocks(openapi.document()["info"]["description"])


def _page(method: str, path: str, operation: Json) -> Page:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return Page(
        id=operation["operationId"],
        method=method,
        path=openapi.PREFIX + path,
        summary=operation["summary"],
        description=markdown.blocks(operation["description"]),
        arguments=[_parameter(each) for each in operation["parameters"]],
        body=_members(body["schema"]) if body else [],
        curl=_curl(method, path, operation),
        answers=[_answered(status, each) for status, each in operation["responses"].items()],
    )


def _parameter(parameter: Json) -> Argument:
    where = {"path": "address", "query": "argument", "header": "header"}[parameter["in"]]
    words = parameter.get("description", "")
    kind = kind_of(parameter["schema"])
    return Argument(parameter["name"], where, kind, parameter["required"], words)


def _members(schema: Json) -> list[Argument]:
    """The members of an object; a list's are those of its items."""
    whole = _resolved(schema)
    if whole.get("type") == "array":
        whole = _resolved(whole["items"])
    needed = whole.get("required", [])
    return [
        Argument(name, "member", kind_of(each), name in needed, each.get("description", ""))
        for name, each in whole.get("properties", {}).items()
    ]


def _answered(status: str, answer: Json) -> Answered:
    answer = _resolved(answer)
    content = answer.get("content", {})
    good = content.get("application/json")
    bad = content.get(MIMETYPE)
    return Answered(
        status=status,
        description=answer["description"].partition(": ")[0] if bad else answer["description"],
        codes=list(bad["examples"]) if bad else [],
        headers=list(answer.get("headers", {})),
        members=_members(good["schema"]) if good else [],
        example=json.dumps(good["example"], ensure_ascii=False, indent=2) if good else "",
    )


def _resolved(node: Json) -> Json:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = openapi.document()
    for step in str(reference).removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found)


def kind_of(schema: Json) -> str:
    """``integer from 1 to 100, 20 unless sent``"""
    schema = schema if "$ref" not in schema else {"type": str(schema["$ref"]).rpartition("/")[2]}
    choices = schema.get("anyOf", [])
    words = " or ".join(dict.fromkeys(kind_of(each) for each in choices)) if choices else ""
    if not choices:
        words = _plain_kind(schema)
    if schema.get("default") is not None:
        words += f", {json.dumps(schema['default'])} unless sent"
    return words


def _plain_kind(schema: Json) -> str:
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None and highest is not None:
        return f"{kind} from {lowest} to {highest}"
    if "maxLength" in schema:
        return f"{kind} of at most {schema['maxLength']} characters"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _curl(method: str, path: str, operation: Json) -> str:
    """The operation as one would type it, with the example's values."""
    headers = ["Authorization: Bearer $TOKEN"]
    for each in operation["parameters"]:
        sample = str(each["schema"].get("examples", [""])[0])
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", sample)
        elif each["name"] == "Idempotency-Key":
            headers.append("Idempotency-Key: $(uuidgen)")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        headers.append("Content-Type: application/json")
    lines = [f'curl -X {method} "$BASE_URL{openapi.PREFIX}{path}"']
    lines += [f'  -H "{header}"' for header in headers]
    if body:
        lines.append(f"  -d {shlex.quote(json.dumps(body['example'], ensure_ascii=False))}")
    return " \\\n".join(lines)
