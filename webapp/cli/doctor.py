"""``flask doctor``: what is broken, and what mends it; also where nothing else can start."""

import sys
from dataclasses import asdict

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from webapp.cli.plain import echo_json, end_with, json_option
from webapp.core.clock import utc_now
from webapp.core.config import Settings, SettingsError, load_settings
from webapp.ops.doctor import examination
from webapp.ops.doctor.findings import BROKEN, OK, WARNING, Finding, status_of

NAME = "doctor"
MARKS = {OK: "ok  ", WARNING: "WARN", BROKEN: "BAD "}


@click.command(NAME)
@click.option("--ask/--no-ask", default=True, help="Whether to ask the ad server too.")
@json_option
@with_appcontext
def doctor(ask: bool, as_json: bool) -> None:
    """Look at everything and mend nothing. Status 0: well, 3: warnings, 1: something is broken."""
    found = _found(ask=ask)
    if as_json:
        echo_json([asdict(each) for each in found])
    else:
        for each in found:
            fix = f". {each.fix}" if each.fix else ""
            click.echo(f"{MARKS[each.verdict]} {each.part}: {each.words.removesuffix('.')}{fix}")
    end_with(status_of(found))


def _found(*, ask: bool) -> list[Finding]:
    if "PATIENT" not in current_app.config:
        settings: Settings = current_app.config["SETTINGS"]
        return examination.of_everything(settings, utc_now(), ask_ad_server=ask)
    try:
        settings = load_settings()
    except SettingsError as error:
        return examination.of_problems(error.problems)
    return examination.of_place(settings, utc_now())


def patient(why: str) -> Flask:
    """Stands in for an application that cannot be made. Ends the process, but for the doctor."""
    if NAME not in sys.argv[1:]:
        sys.exit(f"{why}\nWhat is broken, and what mends it, says: flask doctor")
    app = Flask("webapp")
    app.config["PATIENT"] = True
    return app
