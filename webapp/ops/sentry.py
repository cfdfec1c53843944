"""Reporting errors to Sentry, where ``SENTRY_DSN`` is set: the package is not needed otherwise.

What is logged as an error is reported, with its ids. It is masked as the logs are, and holds no
values: no local variables, no bodies, headers, cookies, addresses of pages, or people.
"""

import importlib
import logging
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from webapp.core.config import Settings, SettingsError
from webapp.ops.redaction import Redactor, secrets_of

MISSING = "SENTRY_DSN: sentry-sdk is not installed; pip install -r requirements-sentry.txt."
IDS = ("request_id", "run_id", "campaign_id", "change_id", "operator_id", "process")
TAKEN_OUT = ("request", "user", "breadcrumbs", "extra", "modules", "server_name")


def init(settings: Settings, process: str) -> None:
    """Report from now on, if a DSN is set. Raises ``SettingsError`` without the package."""
    if settings.sentry_dsn is None:
        return
    sentry = _package()
    # Each of its own ways to find something out would take along more than is logged.
    sentry.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        before_send=Scrubber(settings),
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
    )
    logging.root.addHandler(Reporter(sentry, process))


def _package() -> ModuleType:
    try:
        return importlib.import_module("sentry_sdk")
    except ImportError:
        raise SettingsError([MISSING]) from None


class Scrubber:
    """Takes out of a report what is nobody's business outside."""

    def __init__(self, settings: Settings) -> None:
        self._redact = Redactor(secrets_of(settings))

    def __call__(self, event: dict[str, Any], _hint: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in event.items() if name not in TAKEN_OUT}
        return dict(self._redact(None, "", kept))


class Reporter(logging.Handler):
    """Hands on what is logged as an error: ours as an event with its fields, others' as text."""

    def __init__(self, sentry: ModuleType, process: str) -> None:
        super().__init__(logging.ERROR)
        self._sentry, self._process = sentry, process

    def emit(self, record: logging.LogRecord) -> None:
        own = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        fields = {**own, "process": self._process}
        with self._sentry.new_scope() as scope:
            scope.set_tag("event", fields["event"])
            for name in IDS:
                if fields.get(name) is not None:
                    scope.set_tag(name, str(fields[name]))
            error = _error(fields.get("exc_info") or record.exc_info)
            if error is None:
                self._sentry.capture_message(str(fields["event"]), level="error")
            else:
                self._sentry.capture_exception(error)


def _error(given: object) -> BaseException | None:
    if given is True:
        return sys.exc_info()[1]
    if isinstance(given, tuple):
        given = given[1]
    return given if isinstance(given, BaseException) else None
