"""What every request gets: an id in logs and answers, and the right kind of transaction."""

import re
import time
import uuid
from contextlib import AbstractContextManager

import structlog
from flask import Flask, Response, current_app, g, request

from webapp.core import statements
from webapp.core.db import reading

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Fetched every few seconds by machines; failures are logged where they happen.
QUIET_ENDPOINTS = ("static", "ops.live", "ops.ready", "metrics.read")
# Nobody waits longer for a page, and the next question is better a narrower one.
READ_SECONDS = 10.0
# What an address names, by the name that every event has for it.
NAMED = ("campaign_id", "change_id", "run_id", "connection_id", "pulled_id", "advertiser_id")
LONGEST_NAME = 64
READ_METHODS = ("GET", "HEAD", "OPTIONS")

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_release)


def current_request_id() -> str:
    return str(g.request_id)


def _begin() -> None:
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**_ids(), **_named())
    g.statements = statements.count_from_here()
    if request.method == "HEAD":
        # Its answer is that to GET, whose body is left out later: a view that asks whether it is to
        # show or to do something need not know of it.
        request.method = "GET"
    if request.method in READ_METHODS:
        scope: AbstractContextManager[None] = reading(READ_SECONDS)
        scope.__enter__()
        g.reading = scope


def _ids() -> dict[str, str]:
    """This request's id, and the one that a client gave it, who may have taken another's."""
    given = request.headers.get("X-Request-Id", "")
    is_one = REQUEST_ID.fullmatch(given) is not None
    if is_one and current_app.config["PROXY_GIVES_IDS"]:
        g.request_id = given
        return {"request_id": given}
    g.request_id = uuid.uuid4().hex
    return {"request_id": g.request_id} | ({"client_request_id": given} if is_one else {})


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.endpoint not in QUIET_ENDPOINTS:
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            ms=round((time.perf_counter() - g.started) * 1000, 1),
            statements=g.statements.number,
        )
    return response


def _named() -> dict[str, object]:
    """What the address is about. Whoever wrote it may have put anything there."""
    given = request.view_args or {}
    found = {name: given[name] for name in NAMED if name in given}
    if request.url_rule and "uuid" in given and "/campaigns/<" in request.url_rule.rule:
        found["campaign_uuid"] = given["uuid"]
    return {name: _as_number(value) for name, value in found.items()}


def _as_number(value: object) -> object:
    """The API takes ids as text; events have them as numbers."""
    text = str(value)[:LONGEST_NAME]
    return int(text) if text.isascii() and text.isdecimal() else text


def stop_reading() -> None:
    """From here on this request writes too, and may take its time. Between two transactions."""
    scope: AbstractContextManager[None] | None = g.pop("reading", None)
    if scope:
        scope.__exit__(None, None, None)


def _release(_error: BaseException | None) -> None:
    stop_reading()
