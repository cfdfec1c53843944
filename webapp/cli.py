"""The ``flask`` commands: operators, API tokens, the worker. (``flask db`` is Flask-Migrate's.)

What cannot be done is said in a sentence, with exit status 1; a wrong command line is 2.
"""

import getpass
import importlib
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click
import structlog
from flask import Flask
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DatabaseError

from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.auth import queries as auth_queries
from webapp.auth import service as auth
from webapp.auth.permissions import ROLES
from webapp.core.db import reading, transaction
from webapp.core.errors import DomainError
from webapp.ops import logs

P = ParamSpec("P")
NO_DATABASE = "The database does not answer as it should. Is it there? Try: flask db upgrade"

log = structlog.get_logger()

operators = AppGroup("operators", help="People who sign in.")
tokens = AppGroup("tokens", help="Keys of scripts that use the JSON API.")

role_option = click.option(
    "--role", type=click.Choice(list(ROLES)), default="manager", show_default=True
)
password_file_option = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Take the password from the first line of this file (- is standard input).",
)
random_option = click.option(
    "--random", is_flag=True, help="Make a password and print it, this once."
)


def init_app(app: Flask) -> None:
    app.cli.add_command(operators)
    app.cli.add_command(tokens)
    app.cli.add_command(run_worker)


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Say domain errors as a sentence."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = click.get_current_context().ensure_object(ScriptInfo).load_app().config
        logs.configure(settings["SETTINGS"], "cli")
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


@operators.command("create")
@click.argument("email")
@role_option
@password_file_option
@random_option
@plainly
def create_operator(email: str, role: str, password_file: Path | None, random: bool) -> None:
    """Make an account for EMAIL. Asks for the password, unless told where to take it from."""
    password = _password(password_file, random=random)
    with transaction():
        operator = auth.create_operator(email, password, role)
        audit.record(actor(), "created", Subject("operator", operator.id, operator.email))
        click.echo(f"{operator.email} can sign in now, as a {operator.role}.")
    _show_if_made(password, random=random)


@operators.command("list")
@plainly
def list_operators() -> None:
    """Who can sign in."""
    with reading():
        for each in auth_queries.list_operators():
            seen = f"{each.last_sign_in_at:%Y-%m-%d}" if each.last_sign_in_at else "never"
            state = "" if each.active else ", switched off"
            click.echo(f"{each.email}  {each.role}{state}, last signed in: {seen}")


@operators.command("set-password")
@click.argument("email")
@password_file_option
@random_option
@plainly
def set_password(email: str, password_file: Path | None, random: bool) -> None:
    """Give EMAIL another password."""
    password = _password(password_file, random=random)
    with transaction():
        operator = auth.set_password(email, password)
        audit.record(actor(), "password set", Subject("operator", operator.id, operator.email))
        click.echo(f"{operator.email} has a new password.")
    _show_if_made(password, random=random)


@tokens.command("create")
@click.argument("name")
@role_option
@plainly
def create_token(name: str, role: str) -> None:
    """Make a token for the script NAME. Its last line of output is the token, shown only once."""
    with transaction():
        token = auth.create_token(name, role)
        made = auth_queries.token_named(name.strip())
        audit.record(actor(), "created", Subject("api token", made.id, made.name))
    click.echo(f"The token of {made.name}, which may act as a {made.role}:", err=True)
    click.echo(token)


@tokens.command("list")
@plainly
def list_tokens() -> None:
    """Names of tokens; the tokens themselves are not kept."""
    with reading():
        for each in auth_queries.list_tokens():
            state = f", revoked {each.revoked_at:%Y-%m-%d}" if each.revoked_at else ""
            click.echo(f"{each.name}  {each.role}, made {each.created_at:%Y-%m-%d}{state}")


@tokens.command("revoke")
@click.argument("name")
@plainly
def revoke_token(name: str) -> None:
    """The token NAME opens nothing from now on."""
    with transaction():
        token = auth.revoke_token(name.strip())
        audit.record(actor(), "revoked", Subject("api token", token.id, token.name))
        click.echo(f"The token {token.name} is revoked.")


@click.command("worker")
@click.pass_obj
def run_worker(script: ScriptInfo) -> None:
    """Read from and send to the ad servers until stopped."""
    app = script.load_app()
    # Web processes load the commands too; they have no use for a scheduler.
    worker = importlib.import_module("webapp.worker")
    sys.exit(int(worker.main(app)))


def _password(file: Path | None, *, random: bool) -> str:
    if file and random:
        raise click.UsageError("Use either --password-file or --random.")
    if random:
        return auth.random_password()
    if file:
        with click.open_file(str(file), encoding="utf-8") as lines:
            return str(lines.readline()).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Use --password-file or --random: there is nobody to ask.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _show_if_made(password: str, *, random: bool) -> None:
    if random:
        click.echo(f"Password: {password}")
