"""``flask credentials``: the keys that lock what the database keeps secret."""

import os
from contextlib import nullcontext

import click
from flask.cli import AppGroup

from webapp.cli.plain import NOT_ALL, actor, echo_json, end_with, json_option, plainly
from webapp.cli.plain import settings as the_settings
from webapp.core.db import transaction
from webapp.core.keys import made_key, new_key
from webapp.ops import locked

credentials = AppGroup("credentials", help="Keys that lock what is stored.")

IN_SETTINGS = (
    "The keys are in the settings (ENCRYPTION_KEY): put the one that flask credentials make-key "
    "prints before the others, start everything again, then run this without --new."
)


@credentials.command("make-key")
def make_key() -> None:
    """Print a new key, for ENCRYPTION_KEY. Nothing is changed."""
    click.echo(made_key())


@credentials.command("rotate-key")
@click.option("--new", "is_new", is_flag=True, help="Make a new key in the instance folder first.")
@json_option
@plainly
def rotate_key(is_new: bool, as_json: bool) -> None:
    """Lock every stored secret with the newest key. Can be run again; status 3: not all opened."""
    if is_new and the_settings().encryption_key:
        raise click.ClickException(IN_SETTINGS)
    with new_key(the_settings()) if is_new else nullcontext(), transaction():
        found = locked.relock(actor())
    if as_json:
        echo_json({"locked_anew": found.done, "cannot_be_opened": found.closed})
    else:
        click.echo(f"{found.done:,} locked with the newest key.")
        for words in found.closed:
            click.echo(f"No key opens {words}: it stays as it is.")
    end_with(NOT_ALL if found.closed else os.EX_OK)
