"""Every answer an operation can give, good or bad, with its headers and an example."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from webapp.api import explained, trying
from webapp.api.examples import ON_THE_WAY, PREFIX, SAMPLES, example_of
from webapp.api.openapi_schemas import Schemas
from webapp.api.openapi_words import ANSWER_HEADERS
from webapp.api.operation import Operation
from webapp.web.problems import CODES, MIMETYPE

EVERYWHERE = frozenset(
    {"no_token", "not_allowed", "invalid", "too_many_requests", "server_error", "unavailable"}
)
WITH_A_BODY = frozenset({"bad_request", "not_json", "too_large"})
WITH_A_KEY = frozenset({"bad_request", "too_large", "still_running", "key_reused"})
ON_ALL = (
    "X-Request-Id",
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    *("RateLimit", "RateLimit-Policy"),
)

GOOD = {
    200: "Done, and this is it.",
    201: "Made, and confirmed by the ad server.",
    202: "Taken on, and still on its way: Location says where to look.",
    204: "Done.",
    304: "It is still as you have it.",
}


def errors_of(operation: Operation) -> frozenset[str]:
    """The codes of all errors that this operation may answer with."""
    found = EVERYWHERE | operation.errors
    if operation.body is not None:
        found |= WITH_A_BODY
    if operation.method == "POST":
        found |= WITH_A_KEY
    if "<" in operation.rule:
        found |= {"not_found"}
    if "If-Match" in operation.headers:
        found |= {"changed_meanwhile"}
    return found


def good_headers(operation: Operation) -> frozenset[str]:
    """Those of its good answers, beside those of all answers."""
    if operation.query is not None and trying.ARGUMENT in operation.query.model_fields:
        return operation.answer_headers | {trying.HEADER}
    return operation.answer_headers


def responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """The member ``responses`` of an operation."""
    found = {str(status): _good(operation, status, schemas) for status in operation.answers}
    if "If-None-Match" in operation.headers:
        found["304"] = {"description": GOOD[304], "headers": _headers(("ETag", *ON_ALL))}
    for names in _by_status(operation).values():
        found[str(CODES[names[0]].status)] = {"$ref": f"#/components/responses/{_name(names)}"}
    return dict(sorted(found.items()))


def shared_responses(operations: list[Operation]) -> dict[str, Any]:
    """The errors of all operations, each combination once."""
    combinations = {
        tuple(names) for operation in operations for names in _by_status(operation).values()
    }
    return {_name(list(names)): _bad(names) for names in sorted(combinations)}


def shared_headers() -> dict[str, Any]:
    return {
        name: {"description": words, "schema": schema}
        for name, (words, schema) in ANSWER_HEADERS.items()
    }


def _by_status(operation: Operation) -> dict[int, list[str]]:
    found = defaultdict(list)
    for name in sorted(errors_of(operation)):
        found[CODES[name].status].append(name)
    return dict(sorted(found.items()))


def _name(names: list[str]) -> str:
    return "-or-".join(names)


def _good(operation: Operation, status: int, schemas: Schemas) -> dict[str, Any]:
    names = sorted(good_headers(operation)) + list(ON_ALL)
    answer: dict[str, Any] = {"description": GOOD[status], "headers": _headers(names)}
    schema = schemas.answers.get((operation.id, status))
    if schema is not None:
        samples = ON_THE_WAY if status == 202 else SAMPLES
        example = example_of(schema, schemas.named, samples=samples)
        answer["content"] = {"application/json": {"schema": schema, "example": example}}
    return answer


def _bad(names: tuple[str, ...]) -> dict[str, Any]:
    status = CODES[names[0]].status
    headers = set().union(*(explained.EXPLAINED[name].headers for name in names))
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": list(names)}}}
    return {
        "description": f"{HTTPStatus(status).phrase}: "
        + " Or: ".join(f"`{name}`, {CODES[name].title}" for name in names),
        "headers": _headers([*sorted(headers), *ON_ALL]),
        "content": {
            MIMETYPE: {
                "schema": {"allOf": [{"$ref": f"{PREFIX}Problem"}, narrowed]},
                "examples": {
                    name: {"summary": CODES[name].title, "value": explained.example_of(name)}
                    for name in names
                },
            }
        },
    }


def _headers(names: list[str] | tuple[str, ...]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
