"""What all commands share: errors as sentences, who acts, exit statuses, JSON."""

import getpass
import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn, ParamSpec

import click
import structlog
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy.exc import DatabaseError

from webapp.audit.service import Actor
from webapp.core.config import Settings
from webapp.core.errors import DomainError
from webapp.ops import logs, standin

P = ParamSpec("P")
NO_DATABASE = "The database does not answer as it should. Is it there? Try: flask db upgrade"
NO_SANDBOX = (
    "No Megaphone credential is set, and its stand-in runs with “make run” only: start that, "
    "or set MEGAPHONE_API_TOKEN and MEGAPHONE_ORG_ID."
)
# Exit statuses beside 0 (done), 1 (failed) and 2 (a wrong command line).
NOT_ALL, NOBODY = 3, 4

log = structlog.get_logger()

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Say domain errors as a sentence."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        logs.configure(settings(), "cli")
        try:
            command(*args, **kwargs)
        except DomainError as problem:
            raise click.ClickException(str(problem)) from None
        except DatabaseError as error:
            log.exception("command_failed", exc_info=error)
            raise click.ClickException(NO_DATABASE) from None

    return run


def actor() -> Actor:
    """Whoever may start commands here, by the name the system knows them by."""
    try:
        return Actor(getpass.getuser(), "cli")
    except (KeyError, OSError):
        return Actor("command line", "cli")


def the_app() -> Flask:
    """The application itself, for other threads."""
    return click.get_current_context().ensure_object(ScriptInfo).load_app()


def settings() -> Settings:
    found: Settings = the_app().config["SETTINGS"]
    return found


def calling_settings() -> Settings:
    """The settings to call the ad server with, be it the sandbox that ``make run`` started.

    Raises ``click.ClickException`` where the sandbox stands in and does not run.
    """
    known = settings()
    found = standin.found(known) if known.uses_sandbox else known
    if found is None:
        raise click.ClickException(NO_SANDBOX)
    return found


def end_with(status: int) -> NoReturn:
    """Leave with this exit status, after everything was said."""
    click.get_current_context().exit(status)


def echo_json(value: Any) -> None:
    """One JSON document; times as ISO 8601 with their offset."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=iso))


def iso(value: object) -> str:
    """Times for ``json.dumps``."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
