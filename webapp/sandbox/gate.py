"""What happens to every request to the v1 paths before and after its view.

Before: log, token, rate limit, faults, organisation, in this order. After: the headers recorded
from the real service, then whatever the faults do to the answer.
"""

import hashlib
import re
import time
from typing import Any
from uuid import uuid4

from flask import Response, g, request

from webapp.sandbox import answers, auth, faulty_answers
from webapp.sandbox.delivery import KEY, Delivery
from webapp.sandbox.paging import read_listing
from webapp.sandbox.standin import here

MAX_REQUEST_ID = 255


def take_organization(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Keep the path's organisation here; the views need not see it."""
    found = values or {}
    g.organization = found.pop("organization", None)
    found.pop("rest", None)


def admit() -> Response | None:
    """Let the request in, or answer it here."""
    standin = here()
    g.request_id = _request_id()
    g.delivery = request.environ.get(KEY) or Delivery()
    g.faults = []
    path = request.full_path.rstrip("?")
    g.entry = standin.log.arrive(
        standin.state.now_ms(), request.method, path, g.request_id, g.delivery
    )
    token = auth.read_token(request.headers.get("Authorization"))
    if token is None or not auth.same_token(token, standin.token):
        return answers.denied()
    settings = standin.settings
    if not standin.limit.allow(token, settings.requests_per_minute, settings.rate_window):
        return answers.too_many(settings.retry_after)
    g.delivery.delay += settings.latency_ms / 1000
    return _meet_faults() or _refuse_strangers()


def _request_id() -> str:
    given = re.sub(r"[^\w@-]", "", request.headers.get("X-Request-Id", ""), flags=re.ASCII)
    return given[:MAX_REQUEST_ID] or str(uuid4())


def _meet_faults() -> Response | None:
    standin = here()
    page = read_listing("", request.args).page
    g.faults = standin.faults.take(request.method, request.path, page)
    g.entry.faults = [rule.action for rule in g.faults]
    return faulty_answers.before(g.faults, g.delivery, standin)


def _refuse_strangers() -> Response | None:
    if g.organization is None or g.organization.lower() == here().state.organization:
        return None
    return answers.error(403)


def release(answer: Response) -> Response:
    """Dress the answer as the real service does, then spoil it if a fault says so."""
    answer.headers["X-Request-Id"] = g.request_id
    answer.headers["X-Runtime"] = f"{time.monotonic() - g.entry.started:.6f}"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Cache-Control", "max-age=0, private, must-revalidate")
    if answer.status_code in (200, 201):
        answer = _with_etag(answer)
    answer = faulty_answers.after(answer, g.faults, g.delivery)
    g.entry.finish(answer.status_code)
    return answer


def _with_etag(answer: Response) -> Response:
    digest = hashlib.md5(answer.get_data(), usedforsecurity=False).hexdigest()
    answer.headers["ETag"] = f'W/"{digest}"'
    if request.method != "GET" or answer.headers["ETag"] != request.headers.get("If-None-Match"):
        return answer
    answer.status_code = 304
    answer.set_data(b"")
    return answer
