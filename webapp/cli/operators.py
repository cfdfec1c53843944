"""``flask operators``: people who sign in."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from webapp.audit import service as audit
from webapp.audit.service import Subject
from webapp.auth import passwords
from webapp.auth import queries as auth_queries
from webapp.auth import service as auth
from webapp.auth.permissions import ROLES
from webapp.cli.plain import actor, plainly
from webapp.core.db import reading, transaction

operators = AppGroup("operators", help="People who sign in.")

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
        click.echo(f"{operator.email} has a new password, and signs in anew.")
    _show_if_made(password, random=random)


def _password(file: Path | None, *, random: bool) -> str:
    if file and random:
        raise click.UsageError("Use either --password-file or --random.")
    if random:
        return passwords.random()
    if file:
        with click.open_file(str(file), encoding="utf-8") as lines:
            return str(lines.readline()).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Use --password-file or --random: there is nobody to ask.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _show_if_made(password: str, *, random: bool) -> None:
    if random:
        click.echo(f"Password: {password}")
