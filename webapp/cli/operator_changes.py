"""``flask operators``: inviting people, their roles, switching them off and on, lost factors."""

from collections.abc import Callable

import click

from webapp.auth.models import Operator
from webapp.auth.permissions import ROLES
from webapp.cli.operators import operators
from webapp.cli.plain import actor, plainly, settings
from webapp.core.db import transaction
from webapp.ops.ports import reachable_host
from webapp.people import factor, invitations, linking, queries, service
from webapp.people.words import standing

role_argument = click.argument("role", type=click.Choice(list(ROLES)))


@operators.command("first-admin")
@plainly
def first_admin() -> None:
    """Print a link by which the first admin joins: good once, for an hour."""
    with transaction():
        _, secret = invitations.invite_first_admin(actor())
    click.echo("Open this within an hour, and choose an e-mail address and a password:")
    click.echo(_link(secret))


@operators.command("invite")
@click.argument("email")
@click.option("--role", type=click.Choice(list(ROLES)), default="operator", show_default=True)
@plainly
def invite(email: str, role: str) -> None:
    """Print a link by which EMAIL joins: good once, for 7 days."""
    with transaction():
        invitation, secret = invitations.invite(actor(), email, role)
        click.echo(f"{invitation.email} joins as {role} by this link, within 7 days:")
    click.echo(_link(secret))


@operators.command("set-role")
@click.argument("email")
@role_argument
@plainly
def set_role(email: str, role: str) -> None:
    """Give EMAIL another ROLE. They sign in anew."""
    _change(
        email,
        lambda who: service.set_role(actor(), who, role, seen=standing(who)),
        f"is {role} now, and signs in anew",
        f"is {role} already",
    )


@operators.command("switch-off")
@click.argument("email")
@plainly
def switch_off(email: str) -> None:
    """Let EMAIL in no more: sessions end, and tokens of theirs open nothing."""
    _change(
        email,
        lambda who: service.switch_off(actor(), who, seen=standing(who)),
        "is switched off",
        "is switched off already",
    )


@operators.command("switch-on")
@click.argument("email")
@plainly
def switch_on(email: str) -> None:
    """Let EMAIL in again, as what they were."""
    _change(
        email,
        lambda who: service.switch_on(actor(), who, seen=standing(who)),
        "may sign in again",
        "may sign in already",
    )


@operators.command("reset-factor")
@click.argument("email")
@plainly
def reset_factor(email: str) -> None:
    """Take away the second factor of EMAIL, who lost it. They sign in anew."""
    _change(
        email,
        lambda who: factor.reset(actor(), who),
        "has no second factor now, and signs in anew",
        "has no second factor",
    )


@operators.command("unlink")
@click.argument("email")
@plainly
def unlink(email: str) -> None:
    """Forget which account of the sign-in service EMAIL uses. They sign in anew."""
    _change(
        email,
        lambda who: linking.unlink(actor(), who),
        "is linked to no account elsewhere now, and signs in anew",
        "is linked to no account elsewhere",
    )


def _change(email: str, act: Callable[[Operator], bool], done: str, was_so: str) -> None:
    with transaction():
        who = queries.person_with(email)
        name = who.email
        words = done if act(who) else was_so
    click.echo(f"{name} {words}.")


def _link(secret: str) -> str:
    known = settings()
    here = f"http://{reachable_host(known.bind_address)}:{known.port}"
    return f"{known.base_url or here}/join/{secret}"
