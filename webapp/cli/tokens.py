"""``flask tokens``: keys of scripts that use the JSON API."""

import click
from flask.cli import AppGroup

from webapp.audit import service as audit
from webapp.audit.service import Subject
from webapp.auth import queries as auth_queries
from webapp.auth import service as auth
from webapp.auth.permissions import Scope
from webapp.cli.plain import actor, plainly
from webapp.core.db import reading, transaction

tokens = AppGroup("tokens", help="Keys of scripts that use the JSON API.")


@tokens.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(list(Scope)),
    default=[Scope.READ],
    show_default=True,
    help="What it may do; several times for more.",
)
@plainly
def create_token(name: str, scopes: tuple[str, ...]) -> None:
    """Make a token for the script NAME. Its last line of output is the token, shown only once."""
    with transaction():
        token = auth.create_token(name, scopes)
        made = auth_queries.token_named(name.strip())
        audit.record(actor(), "created", Subject("api token", made.id, made.name))
    click.echo(f"The token of {made.name}, which may {made.scopes.replace(' ', ', ')}:", err=True)
    click.echo(token)


@tokens.command("list")
@plainly
def list_tokens() -> None:
    """Names of tokens; the tokens themselves are not kept."""
    with reading():
        for each in auth_queries.list_tokens():
            state = f", revoked {each.revoked_at:%Y-%m-%d}" if each.revoked_at else ""
            click.echo(f"{each.name}  {each.scopes}, made {each.created_at:%Y-%m-%d}{state}")


@tokens.command("revoke")
@click.argument("name")
@plainly
def revoke_token(name: str) -> None:
    """The token NAME opens nothing from now on."""
    with transaction():
        token = auth.revoke_token(name.strip())
        audit.record(actor(), "revoked", Subject("api token", token.id, token.name))
        click.echo(f"The token {token.name} is revoked.")
