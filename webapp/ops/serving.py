"""gunicorn's configuration: ``gunicorn -c python:webapp.ops.serving wsgi:app``."""

import gc
import importlib
import os
import shutil
import tempfile
from typing import Protocol

from gunicorn.http import message

from webapp.core.config import load_settings
from webapp.ops import logs, sentry

# Read by prometheus_client when it is imported in a worker process.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_settings = load_settings()
_host = _settings.bind_address

bind = f"[{_host}]:{_settings.port}" if ":" in _host else f"{_host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
graceful_timeout = 8
control_socket_disable = True
# Room for an address with a pasted page in its search: our answer is a sentence, gunicorn's is not.
# It takes its setting only up to this constant, and 0, no limit, would let anybody fill the memory.
message.MAX_REQUEST_LINE = limit_request_line = 64 * 1024
# The same as gunicorn's own, said here: of a cookie, or where a page was linked from.
limit_request_field_size = 8190
limit_request_fields = 100
# What a proxy says of a request is for TRUSTED_PROXIES alone: gunicorn would believe this machine.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Each request is an event of ours already.
accesslog = None
# Until our logging takes over, below, only what went wrong is said, in gunicorn's own format.
loglevel = "warning"


class Ended(Protocol):
    """gunicorn's worker, as far as it is asked here."""

    pid: int


def on_starting(_arbiter: object) -> None:
    logs.configure(_settings, "web")
    sentry.init(_settings, "web")
    # One folder a server, whichever others run on this machine: processes that are forked from here
    # count into it, and any of them reads what all have counted.
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="flightdeck-metrics-")


def child_exit(_arbiter: object, worker: Ended) -> None:
    # Not imported before the folder is known: processes would count in their own memory then.
    importlib.import_module("prometheus_client.multiprocess").mark_process_dead(worker.pid)


def on_exit(_arbiter: object) -> None:
    shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)


def post_worker_init(_worker: object) -> None:
    # What start-up made stays for good: without it, each full collection costs a page some 10 ms.
    gc.collect()
    gc.freeze()
