"""``flask worker``: the process that reads from and sends to the ad servers."""

import importlib
import sys

import click
from flask.cli import ScriptInfo


@click.command("worker")
@click.pass_obj
def run_worker(script: ScriptInfo) -> None:
    """Read from and send to the ad servers until stopped."""
    app = script.load_app()
    # Web processes load the commands too; they have no use for a scheduler.
    worker = importlib.import_module("webapp.worker")
    sys.exit(int(worker.main(app)))
