"""Whether an answer is one that the documentation tells: its status, body, headers and code."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from webapp.api.openapi import PREFIX
from webapp.api.openapi_answers import ON_ALL, errors_of, good_headers
from webapp.api.openapi_words import ANSWER_HEADERS
from webapp.api.operation import OPERATIONS, Operation, served_at
from webapp.api.schemas.problem import Problem
from webapp.web.problems import CODES, MIMETYPE

# Of no operation: the documents about them.
DOCUMENTS = {f"{PREFIX}/openapi.json", f"{PREFIX}/postman.json"}

OF_NO_OPERATION = {"not_found", "method_not_allowed", "no_token", "too_many_requests"}


@cache
def addresses() -> Map:
    return Map(
        [
            Rule(PREFIX + served_at(each.rule), endpoint=each.id, methods=[each.method])
            for each in OPERATIONS.values()
        ]
    )


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def compare(answer: TestResponse) -> str | None:
    """An AssertionError where the answer is not as documented; the operation it was compared to.

    Answers of pages are left alone.
    """
    path, method = answer.request.path, answer.request.method
    if not path.startswith(f"{PREFIX}/") or path in DOCUMENTS or method == "OPTIONS":
        return None
    where = f"{method} {path}: {answer.status_code}"
    assert answer.headers.get("X-Request-Id"), f"{where} has no X-Request-Id"
    name = _operation_at(path, method)
    if name is None:
        _compare_problem(answer, OF_NO_OPERATION, where)
    else:
        _compare_operation(answer, OPERATIONS[name], where)
    return name


def _operation_at(path: str, method: str) -> str | None:
    try:
        name, _ = addresses().bind("").match(path, method=method)
    except (NotFound, MethodNotAllowed):
        return None
    return str(name)


def _compare_operation(answer: TestResponse, operation: Operation, where: str) -> None:
    if answer.status_code == 304:
        assert "If-None-Match" in operation.headers, f"{where} is not documented"
        assert not answer.data
    elif answer.status_code >= 300:
        _compare_problem(answer, errors_of(operation), where)
    else:
        assert answer.status_code in operation.answers, f"{where} is not documented"
        _compare_headers(answer, operation, where)
        _compare_body(answer, operation.answers[answer.status_code], where)


def _compare_body(answer: TestResponse, model: Any, where: str) -> None:
    if answer.request.method == "HEAD" or model is None:
        assert not answer.data, f"{where} has a body"
        return
    assert answer.mimetype == "application/json", f"{where} is {answer.mimetype}"
    _adapter(model).validate_json(answer.data, strict=True)


def _compare_headers(answer: TestResponse, operation: Operation, where: str) -> None:
    told = good_headers(operation) | {*ON_ALL, "Idempotency-Replayed"}
    there = {name for name in ANSWER_HEADERS if name in answer.headers}
    assert there <= told, f"{where} has the undocumented headers {there - told}"


def _compare_problem(answer: TestResponse, codes: set[str] | frozenset[str], where: str) -> None:
    if answer.request.method == "HEAD":
        return
    assert answer.mimetype == MIMETYPE, f"{where} is {answer.mimetype}"
    problem = Problem.model_validate_json(answer.data, strict=True)
    assert problem.code in codes, f"{where} has the undocumented code {problem.code}"
    assert problem.status == answer.status_code == CODES[problem.code].status, where
    assert problem.type == f"/api/docs/errors#{problem.code}", where
