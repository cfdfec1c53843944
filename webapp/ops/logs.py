"""Logging: every event, ours and the libraries', as one line with the same fields.

An event has a constant name and fields: ``log.info("run_finished", run=7)``. Bind what belongs to
all events of a request or a run with ``structlog.contextvars``. Events go to the console (readable
on a terminal, else JSON) and, as JSON, to ``flightdeck.log`` and ``flightdeck-error.log``;
``LOG_FORMAT`` and ``LOG_FILES`` change that.
"""

import logging
import os
import sys
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from webapp.core.config import Settings
from webapp.ops.files import DailyFile
from webapp.ops.redaction import Redactor, secrets_of

ALL, ERRORS = "flightdeck.log", "flightdeck-error.log"
OURS = "flightdeck"
FIRST_FIELDS = (
    *("timestamp", "level", "event", "process", "pid", "request_id", "run_id", "campaign_id"),
    *("change_id", "operator_id"),
)
# Their everyday talk is for the files; on the console it would drown what people look for.
LIBRARIES = ("alembic", "gunicorn", "werkzeug")
# These talk to a person in sentences; events would get between them.
QUIET = ("cli", "launcher")
# These say several lines a second, or print what goes over the wire and into the database.
LEAST_LEVELS = {
    "apscheduler": logging.WARNING,
    # That a job still runs when its next turn comes is how ours are meant to work.
    "apscheduler.scheduler": logging.ERROR,
    "concurrent_log_handler": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    # Its warnings carry addresses; what matters of them comes as an error of the ad server.
    "urllib3": logging.ERROR,
}


def configure(settings: Settings, process: str = "web") -> None:
    """Send all events of this process where they belong. May be called again; the last one holds.

    ``process`` is the name that each event carries: ``web``, ``worker``, ``cli`` or ``launcher``.
    """
    _close_handlers()
    redact = Redactor(secrets_of(settings))
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Process(process),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *first,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    as_json = _formatter(first, redact, structlog.processors.JSONRenderer(ensure_ascii=False))
    readable, plain = (
        _formatter(first, redact, _for_people(c)) for c in (sys.stderr.isatty(), False)
    )
    is_text = settings.log_format == "text"
    is_shown = is_text or (settings.log_format == "auto" and sys.stderr.isatty())
    console = _console(process, readable if is_shown else as_json)
    files = _files(settings.logs, plain if is_text else as_json) if settings.log_files else []
    for handler in (*files, console):
        handler.set_name(OURS)
        logging.root.addHandler(handler)
    logging.root.setLevel(settings.log_level)
    _take_over_libraries()


def change_files() -> None:
    """Begin a new day's files and delete those past their time. The worker does this daily."""
    for handler in logging.root.handlers:
        if isinstance(handler, DailyFile):
            handler.change_if_due()


def _files(folder: Path, formatter: logging.Formatter) -> list[logging.Handler]:
    everything, errors = DailyFile(folder / ALL), DailyFile(folder / ERRORS)
    errors.setLevel(logging.ERROR)
    for file in (everything, errors):
        file.setFormatter(formatter)
    return [everything, errors]


def _console(process: str, formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING if process in QUIET else logging.NOTSET)
    handler.addFilter(_is_for_console)
    handler.setFormatter(formatter)
    return handler


def _for_people(colors: bool) -> Processor:
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, pad_event_to=24)


def _formatter(first: list[Processor], redact: Redactor, render: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=first,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Plain text: a traceback that shows local variables shows passwords.
            structlog.processors.format_exc_info,
            redact,
            _in_order,
            render,
        ],
    )


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    leading = {name: event.pop(name) for name in FIRST_FIELDS if name in event}
    return {**leading, **event}


class _Process:
    """Adds which process speaks. The id is read each time: gunicorn forks."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"], event["pid"] = self._name, os.getpid()
        return event


def _is_for_console(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not record.name.startswith(LIBRARIES)


def _take_over_libraries() -> None:
    for name, level in LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, logging.root.level))
    # These come with handlers of their own, which know nothing of masking.
    for name in ("gunicorn.error", "gunicorn.access", "werkzeug", "webapp"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.NOTSET)
        library.propagate = True


def _close_handlers() -> None:
    for handler in list(logging.root.handlers):
        if handler.get_name() == OURS:
            logging.root.removeHandler(handler)
            handler.close()
