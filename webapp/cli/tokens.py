"""``flask tokens``: keys of scripts that use the JSON API."""

from datetime import datetime, timedelta
from typing import Any

import click
from flask.cli import AppGroup

from webapp.api import tokens as service
from webapp.auth import queries as auth_queries
from webapp.auth.models import ApiToken
from webapp.auth.permissions import Scope
from webapp.auth.tokens import MOST_REQUESTS, REQUESTS_PER_WINDOW, Made
from webapp.cli.plain import actor, echo_json, json_option, plainly
from webapp.cli.spans import Expiry, Span
from webapp.core.clock import utc_now
from webapp.core.db import reading, transaction
from webapp.core.errors import NotFound

AS_BEFORE = "as before"

tokens = AppGroup("tokens", help="Keys of scripts that use the JSON API.")

expires_option = click.option(
    "--expires",
    type=Expiry(),
    default="1y",
    show_default=True,
    help="30d, 12w, 1y, a day such as 2027-01-31, or never.",
)


@tokens.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    default=[Scope.READ.value],
    show_default=True,
    help="What it may do; several times for more.",
)
@expires_option
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_REQUESTS),
    default=REQUESTS_PER_WINDOW,
    show_default=True,
    help="How many requests it may make in 15 minutes.",
)
@click.option(
    "--operator",
    "email",
    metavar="EMAIL",
    help="Whose it is: it may no more than they. For bulk changes.",
)
@json_option
@plainly
def create_token(
    name: str,
    scopes: tuple[str, ...],
    expires: datetime | None,
    limit: int,
    email: str | None,
    as_json: bool,
) -> None:
    """Make a token for the script NAME. Its last line of output is the token, shown only once."""
    with transaction():
        owner = auth_queries.operator_by_email(email) if email else None
        if email and owner is None:
            raise NotFound(f"There is no operator with the e-mail address {email}.")
        made = service.create(
            actor(), name, scopes, operator=owner, expires_at=expires, per_window=limit
        )
        said = _json(made.token, owner.email if owner else None)
    _show(made, said, as_json=as_json)


@tokens.command("list")
@json_option
@plainly
def list_tokens(as_json: bool) -> None:
    """Names of tokens; the tokens themselves are not kept."""
    with reading():
        found = [_json(token, email) for token, email in auth_queries.list_tokens()]
    if as_json:
        echo_json(found)
        return
    for each in found:
        click.echo(_line(each))


def _expiry_or_as_before(
    ctx: click.Context, param: click.Parameter, value: str
) -> datetime | str | None:
    return value if value == AS_BEFORE else Expiry().convert(value, param, ctx)


@tokens.command("rotate")
@click.argument("name")
@click.option(
    "--overlap",
    type=Span(),
    default="24h",
    show_default=True,
    help="How long the old secret works on: 30m, 24h, 7d, or 0.",
)
@click.option(
    "--expires",
    callback=_expiry_or_as_before,
    default=AS_BEFORE,
    show_default=True,
    help="As long again as it was good for; or 30d, 12w, 1y, a day such as 2027-01-31, or never.",
)
@json_option
@plainly
def rotate_token(
    name: str, overlap: timedelta, expires: datetime | str | None, as_json: bool
) -> None:
    """Give the token NAME a new secret, the last line of output, shown only once."""
    with transaction():
        token = auth_queries.token_named(name.strip())
        until = service.as_long_again(token) if isinstance(expires, str) else expires
        made = service.rotate(actor(), token, token.mark, overlap=overlap, expires_at=until)
        said = _json(made.token, None)
    _show(made, said, as_json=as_json)


@tokens.command("revoke")
@click.argument("name")
@json_option
@plainly
def revoke_token(name: str, as_json: bool) -> None:
    """The token NAME opens nothing from now on."""
    with transaction():
        token = auth_queries.token_named(name.strip())
        service.revoke(actor(), token)
        said = _json(token, None)
    if as_json:
        echo_json(said)
    else:
        click.echo(f"The token {said['name']} is revoked.")


def _show(made: Made, said: dict[str, Any], *, as_json: bool) -> None:
    """The secret, once: alone on the last line, or a member of the JSON."""
    if as_json:
        echo_json(said | {"token": made.secret})
        return
    click.echo(f"The token of {said['name']}, which may {', '.join(said['scopes'])}:", err=True)
    click.echo(made.secret)


def _json(token: ApiToken, email: str | None) -> dict[str, Any]:
    return {
        "name": token.name,
        "scopes": token.scopes.split(),
        "operator": email,
        "state": token.state(utc_now()),
        "requests_per_15_minutes": token.per_window,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "expires_at": token.expires_at,
        "old_secret_works_until": token.previous_until,
        "revoked_at": token.revoked_at,
    }


def _line(said: dict[str, Any]) -> str:
    parts = [", ".join(said["scopes"])]
    if said["operator"]:
        parts.append(f"of {said['operator']}")
    for word, moment in (("made", "created_at"), ("last used", "last_used_at")):
        parts.append(f"{word} {_day(said[moment])}")
    end = "revoked_at" if said["revoked_at"] else "expires_at"
    word = {"revoked": "revoked", "expired": "expired", "live": "expires"}[said["state"]]
    parts.append(f"{word} {_day(said[end])}")
    return f"{said['name']}  {'; '.join(parts)}"


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else "never"
