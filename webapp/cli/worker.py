"""``flask worker``: the process that reads from and sends to the ad servers; ``flask health``."""

import importlib
import sys

import click
from flask import current_app
from flask.cli import ScriptInfo, with_appcontext

from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.ops import readiness, signs


@click.command("worker")
@click.option("--healthy", is_flag=True, help="Only say whether one lives here: status 0 or 1.")
@click.pass_obj
def run_worker(script: ScriptInfo, healthy: bool) -> None:
    """Read from and send to the ad servers until stopped."""
    app = script.load_app()
    if healthy:
        lives = signs.is_alive(app.config["SETTINGS"])
        click.echo("A worker lives here." if lives else "No worker lives here.")
        sys.exit(0 if lives else 1)
    # Web processes load the commands too; they have no use for a scheduler.
    worker = importlib.import_module("webapp.worker")
    sys.exit(int(worker.main(app)))


@click.command("health")
@click.option("--parts", default="", help="Only these, with commas between.")
@with_appcontext
def health(parts: str) -> None:
    """Say how every part does, as /health/ready does: status 0 when all do well, else 1."""
    asked = [name for name in parts.split(",") if name]
    if not set(asked) <= set(readiness.NAMES):
        raise click.UsageError(f"Parts are: {', '.join(readiness.NAMES)}.")
    with reading():
        found = readiness.parts_of(
            current_app.config["SETTINGS"], utc_now(), asked or readiness.NAMES
        )
        db.session.rollback()
    for part in found:
        whose = f" {part.connection}" if part.connection else ""
        click.echo(f"{'ok  ' if part.ok else 'BAD '}{part.name}{whose}: {part.state}")
    sys.exit(0 if all(part.ok for part in found) else 1)
