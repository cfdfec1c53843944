"""``flask audit``: whether the record of what happened is as it was, and taking it along."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import click
from flask.cli import AppGroup

from webapp.audit import archive, pruning, seals, verifying
from webapp.audit.verifying import Findings
from webapp.cli.plain import actor, echo_json, end_with, iso, json_option, plainly, settings
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction

audit = AppGroup("audit", help="The record of what happened.")

folder_path = click.Path(file_okay=False, path_type=Path)
day = click.DateTime(["%Y-%m-%d"])


@audit.command("verify")
@click.option("--holds", metavar="DIGEST", help="A seal's digest that was noted elsewhere.")
@click.option("--archive", "folder", type=folder_path, help="Where dropped events have to be.")
@json_option
@plainly
def verify(holds: str | None, folder: Path | None, as_json: bool) -> None:
    """Read all sealed events and compute all seals again. Exit 1: something is not as it was."""
    archived = archive.in_folder(folder) if folder else None
    with reading():
        found = verifying.verify(holds, archived)
        db.session.rollback()
    if as_json:
        echo_json({"is_well": found.wrong is None, **asdict(found)})
    else:
        click.echo(_findings(found))
    end_with(1 if found.wrong else 0)


@audit.command("seal")
@plainly
def seal() -> None:
    """Seal what is old enough now, as the worker does each minute."""
    made = seals.keep_up(utc_now, lambda: True)
    click.echo(f"{made:,} seals made." if made != 1 else "1 seal made.")


@audit.command("export")
@click.option("--since", type=day, help="The first day, in UTC.")
@click.option("--until", type=day, help="The last day, in UTC.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-")
@plainly
def export(since: datetime | None, until: datetime | None, output: IO[str]) -> None:
    """Write events as JSON lines, oldest first, all their columns."""
    begin = since.replace(tzinfo=UTC) if since else None
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else None
    with reading():
        for event in seals.all_events(begin, end):
            output.write(json.dumps(event._asdict(), ensure_ascii=False, default=iso) + "\n")
        db.session.rollback()


@audit.command("prune")
@click.option("--before", type=day, help="A day (UTC), 400 days ago or longer.")
@click.option("--keep-days", type=click.IntRange(min=400), help="All that is older, for cron.")
@click.option("--archive", "folder", type=folder_path, help="Instead of instance/timeline.")
@plainly
def prune(before: datetime | None, keep_days: int | None, folder: Path | None) -> None:
    """Drop the events that were sealed before a day, into a file. Their seals stay."""
    if (before is None) == (keep_days is None):
        raise click.UsageError("Give either --before or --keep-days.")
    now = utc_now()
    edge = before.replace(tzinfo=UTC) if before else now - timedelta(days=keep_days or 0)
    with reading():
        due = pruning.due_before(edge, now)
        kept = archive.keep(folder or settings().instance_dir / "timeline", due) if due else None
        db.session.rollback()
    if kept is None:
        click.echo("There is nothing to drop.")
        return
    click.echo(f"{kept.path}, SHA-256 {kept.sha256}")
    with transaction():
        pruning.announce(actor(), edge, due, kept)
    events = 0
    for made in due:
        with transaction():
            events += pruning.prune(made.id, now)
    click.echo(f"{events:,} events of {len(due):,} seals were dropped.")


def _findings(found: Findings) -> str:
    if found.wrong:
        return f"WRONG: {found.wrong.words}"
    lines = [f"All is as it was sealed: {found.events:,} events in {found.seals:,} seals."]
    if found.pruned:
        lines.append(f"{found.pruned:,} more were dropped after their time.")
    if found.unsealed_since:
        lines.append(f"{found.unsealed:,} wait for a seal, since {found.unsealed_since:%F %T} UTC.")
    lines.append(f"The newest seal's digest, to be noted elsewhere: {found.digest}")
    return "\n".join(lines)
