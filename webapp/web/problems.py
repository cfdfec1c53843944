"""Errors as ``application/problem+json`` (RFC 9457): a stable code, a sentence, the fields."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from webapp.core.query import QueryError
from webapp.web.requests import current_request_id

MIMETYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of error. ``name`` never changes; scripts may compare it."""

    name: str
    status: int
    title: str


# Every code that the API answers with: the documentation lists them from here.
CODES = {
    code.name: code
    for code in (
        Code("bad_request", 400, "The request could not be understood."),
        Code("no_token", 401, "A valid token is needed."),
        Code("not_allowed", 403, "The token may not do this."),
        Code("not_found", 404, "There is no such thing."),
        Code("method_not_allowed", 405, "This address does not take that method."),
        Code("clash", 409, "This clashes with what is there now."),
        Code("still_running", 409, "The first request with this key is still being answered."),
        Code("changed_meanwhile", 412, "It was changed since you read it."),
        Code("too_large", 413, "This is too large."),
        Code("not_json", 415, "Send JSON."),
        Code("invalid", 422, "Some values cannot be used."),
        Code("bad_query", 422, "The search could not be read."),
        Code("key_reused", 422, "This key was used for another request."),
        Code("refused", 422, "The ad server refused it."),
        Code("too_many_requests", 429, "Too many requests."),
        Code("server_error", 500, "Something went wrong on our side."),
        Code("remote_error", 502, "The ad server could not answer."),
        Code("unavailable", 503, "This cannot be answered just now."),
        Code("remote_timeout", 504, "The ad server did not answer in time."),
    )
}
# What is said of an error that only has a status.
_OF_STATUS = {code.status: code.name for code in reversed(CODES.values())} | {409: "clash"}


@dataclass(frozen=True, slots=True)
class FieldError:
    """``pointer`` is a JSON pointer into the body (``/title``); of a query, ``?name``."""

    pointer: str
    message: str


class Problem(Exception):
    """Ends a request with an error. ``more`` are further members of the answer."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        errors: Sequence[FieldError] = (),
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code = CODES[code]
        self.detail = detail or self.code.title
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(self.detail)


def answer(problem: Problem) -> Response:
    """The error as an answer."""
    body: dict[str, Any] = {
        "type": f"/api/docs/errors#{problem.code.name}",
        "title": problem.code.title,
        "status": problem.code.status,
        "code": problem.code.name,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": current_request_id(),
        "errors": [{"pointer": e.pointer, "message": e.message} for e in problem.errors],
        **problem.more,
    }
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, problem.code.status, problem.headers, mimetype=MIMETYPE)


def of_status(status: int, detail: str, fields: Mapping[str, str] | None = None) -> Response:
    """An error that was raised elsewhere, of which the status is known."""
    code = _OF_STATUS.get(status, "server_error" if status >= 500 else "bad_request")
    return answer(Problem(code, detail, pointers(fields or {})))


def pointers(fields: Mapping[str, str]) -> list[FieldError]:
    """Messages by field name as messages by pointer."""
    return [FieldError(f"/{name}", message) for name, message in fields.items()]


def unread(error: QueryError) -> Problem:
    """A search that cannot be read, with its place in the text and what may have been meant."""
    query = {
        "text": error.text,
        "start": error.start,
        "end": error.end,
        "suggestions": [text for _, text in error.fixes],
    }
    return Problem("bad_query", error.message, [FieldError("?q", error.message)], query=query)
