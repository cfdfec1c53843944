"""``flask audit``: whether the record of what happened is as it was, and taking it along."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import IO

import click
from flask.cli import AppGroup

from webapp.audit import pruning, seals, verifying
from webapp.audit.verifying import Findings
from webapp.cli.plain import actor, echo_json, end_with, iso, json_option, plainly
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction

audit = AppGroup("audit", help="The record of what happened.")

day = click.DateTime(["%Y-%m-%d"])


@audit.command("verify")
@click.option("--holds", metavar="DIGEST", help="A seal's digest that was noted elsewhere.")
@json_option
@plainly
def verify(holds: str | None, as_json: bool) -> None:
    """Read all sealed events and compute all seals again. Exit 1: something is not as it was."""
    with reading():
        found = verifying.verify(holds)
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
@click.option("--before", type=day, required=True, help="A day (UTC), 400 days ago or longer.")
@plainly
def prune(before: datetime) -> None:
    """Drop the events that were sealed before a day. Their seals stay."""
    edge, now = before.replace(tzinfo=UTC), utc_now()
    with transaction():
        count = pruning.announce(actor(), edge, now)
    events = 0
    for _ in range(count):
        with transaction():
            events += pruning.prune_next(edge, now) or 0
    click.echo(f"{events:,} events of {count:,} seals were dropped.")


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
