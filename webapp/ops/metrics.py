"""``/metrics`` for Prometheus: requests as each web process counted them, the rest from the rows.

Under gunicorn all its processes count into files of one folder (``webapp.ops.serving`` makes it),
so that any of them answers for all.
"""

import hmac
import os
import time
from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

from webapp.core.addresses import is_loopback
from webapp.ops.gauges import RowCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")
# Anybody may send any word as a method: each would be a row of its own for good.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# In no registry by themselves: under gunicorn they are read from the files, else registered below.
REQUESTS = Counter(
    "flightdeck_http_requests",
    "Requests answered, by endpoint.",
    ["endpoint", "method", "status"],
    registry=None,
)
SECONDS = Histogram(
    "flightdeck_http_request_seconds",
    "How long requests took to answer, by endpoint.",
    ["endpoint"],
    buckets=BUCKETS,
    registry=None,
)

# It has no types.
collect_files: Callable[..., object] = multiprocess.MultiProcessCollector

blueprint = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    app.after_request(_count)


@blueprint.get("/metrics")
def read() -> Response:
    """For the bearer of ``METRICS_TOKEN``; without one set, for this machine, past no proxy."""
    if not _may_read():
        abort(403)
    return Response(_exposition(), content_type=CONTENT_TYPE)


def _may_read() -> bool:
    token = current_app.config["SETTINGS"].metrics_token
    if token:
        sent = request.authorization
        given = (sent.token or "") if sent and sent.type == "bearer" else ""
        return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    is_forwarded = any(name in request.headers for name in FORWARDING)
    return is_loopback(request.remote_addr or "") and not is_forwarded


def _exposition() -> bytes:
    registry = CollectorRegistry()
    if FOLDER_VARIABLE in os.environ:
        collect_files(registry)
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    registry.register(RowCollector(current_app.config["SETTINGS"]))
    return generate_latest(registry)


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(endpoint, method, response.status_code).inc()
    SECONDS.labels(endpoint).observe(time.perf_counter() - g.started)
    return response
