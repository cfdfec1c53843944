"""``flask backup`` and ``flask restore``: all that the database holds, in one file."""

import sys
from pathlib import Path

import click
from flask import current_app

from webapp.cli.plain import actor, echo_json, json_option, plainly
from webapp.cli.plain import settings as the_settings
from webapp.core.clock import utc_now
from webapp.ops import backup as making
from webapp.ops import restore as restoring
from webapp.ops.restore import Restored

NEXT = (
    "Nothing is sent until you release it. Start web and worker, wait for the first sync, look "
    "at what is marked, then: flask connections resume"
)

WITHOUT_KEY = (
    "The key is not in the backup: put the one of that time into ENCRYPTION_KEY, behind the "
    "newest. If it is lost, enter tokens anew and reset second factors."
)


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--keep", type=click.IntRange(1, 10_000), help="Delete all but so many, the newest.")
@json_option
@plainly
def backup(folder: Path | None, keep: int | None, as_json: bool) -> None:
    """Back the database up into FOLDER (instance/backups), while everything runs on."""
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    made = making.back_up(url, folder or the_settings().instance_dir / "backups", utc_now(), keep)
    if as_json:
        echo_json(
            {
                "file": str(made.path),
                "bytes": made.bytes,
                "sha256": made.sha256,
                "database": made.manifest.database,
                "migration": made.manifest.revision,
                "made_at": made.manifest.made_at,
                "rows": made.rows,
                "dropped": made.dropped,
            }
        )
        return
    click.echo(f"{made.path}: {made.rows:,} rows, {made.bytes:,} bytes, verified.")
    for name in made.dropped:
        click.echo(f"Deleted the older {name}.")


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Into a database that is not empty: it is lost.")
@click.option("--yes", is_flag=True, help="Do not ask for the database's name.")
@json_option
@plainly
def restore(file: Path, replace: bool, yes: bool, as_json: bool) -> None:
    """Put what FILE holds in the place of all that the database holds."""
    in_use = restoring.is_in_use()
    if in_use and not replace:
        raise click.ClickException(f"{in_use} With --replace all of it is lost.")
    if in_use and not yes:
        _ask(restoring.name_of(current_app.config["SQLALCHEMY_DATABASE_URI"]))
    done = restoring.restore(actor(), file, utc_now())
    if as_json:
        echo_json(_told(done))
    else:
        _say(done)


def _ask(name: str) -> None:
    """Raises ``UsageError`` where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise click.UsageError("Use --yes: there is nobody to ask.")
    click.echo(f"Everything in {name} is replaced. This cannot be undone.", err=True)
    if click.prompt("Type the database's name", err=True) != name:
        raise click.ClickException("That is another name. Nothing was changed.")


def _told(done: Restored) -> dict[str, object]:
    return {
        "made_at": done.manifest.made_at,
        "migration": done.manifest.revision,
        "upgraded_to": done.upgraded_to,
        "rows": sum(done.manifest.rows.values()),
        "connections_held": done.held,
        "looked_for_now": done.doubts.asked,
        "looked_for_in_their_turn": done.doubts.waiting,
        "left_to_a_person": done.doubts.by_hand,
        "bulk_jobs_paused": done.paused_jobs,
        "invitations_withdrawn": done.invitations,
        "people_without_recovery_codes": done.codes,
        "live_tokens": done.tokens,
        "cannot_be_opened": done.closed,
    }


def _say(done: Restored) -> None:
    rows = sum(done.manifest.rows.values())
    click.echo(f"Restored {rows:,} rows of {done.manifest.made_at:%Y-%m-%d %H:%M} UTC.")
    if done.manifest.revision != done.upgraded_to:
        click.echo(f"Upgraded from migration {done.manifest.revision} to {done.upgraded_to}.")
    for number, words in (
        (done.held, "connections send nothing until you release them"),
        (done.doubts.asked, "changes are looked for in the ad server now"),
        (done.doubts.waiting, "bookings that were held or put off are looked for in their turn"),
        (done.doubts.by_hand, "bookings that were refused or given up wait for a person"),
        (done.paused_jobs, "bulk jobs are paused"),
        (done.invitations, "open invitations are withdrawn: invite again"),
        (done.codes, "people have no recovery codes any more: they make new ones under Account"),
    ):
        if number:
            click.echo(f"{number:,} {words}.")
    for words in done.closed:
        click.echo(f"No key of this installation opens {words}.")
    if done.closed:
        click.echo(WITHOUT_KEY)
    if done.tokens:
        names = ", ".join(done.tokens)
        click.echo(f"These tokens are live; revoke again what was revoked since: {names}.")
    click.echo("Passwords, roles and tokens are those of that time; all sessions are ended.")
    click.echo(NEXT)
