"""``make run``: settings, database, first operator; then sandbox, web and worker until Ctrl-C.

Exit status: 0 after a wanted end, 1 when a process could not be kept running or the instance is
in use, 2 when settings, ports or the database do not allow a start.
"""

import http.client
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog
from flask import Flask

from webapp.app import create_app
from webapp.core.config import Settings, SettingsError, load_settings
from webapp.core.db import db
from webapp.ops import firststart, logs, ports, standin
from webapp.ops.firststart import BUSY, UNUSABLE, Account, Problem
from webapp.ops.processes import POLL_SECONDS, Child, Crew, say

ROOT = Path(__file__).parent.parent
LOOPBACK = "127.0.0.1"
SANDBOX_ORGANIZATION = "2f6ad6b0-5f1c-11f0-8de9-0242ac120002"
SANDBOX_READY = "sandbox ready "
START_SECONDS = 60.0
WEB = [sys.executable, "-m", "gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"]
WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
# Of the children's environment: what the launcher alone needs.
OWN_VARIABLES = ("FIRST_OPERATOR_PASSWORD", "FIRST_OPERATOR_PASSWORD_FILE")

log = structlog.get_logger()


class Stopped(Exception):
    """Somebody wanted an end before everything had started."""


def main() -> int:
    """Run until told to stop. Returns the exit status."""
    crew = Crew()
    crew.stop_on_signals()
    try:
        settings = load_settings()
        firststart.prepare_folders(settings)
        with closing(firststart.hold_instance(settings.instance_dir)):
            return _run(settings, crew)
    except SettingsError as error:
        say("These settings cannot be used:\n" + "\n".join(f"  {p}" for p in error.problems))
        return UNUSABLE
    except Problem as problem:
        say(str(problem))
        return problem.exit_status
    except Stopped:
        return 0


def _run(settings: Settings, crew: Crew) -> int:
    logs.configure(settings, "launcher")
    _check_port(settings.bind_address, settings.port, "PORT")
    try:
        _start(settings, crew)
        return crew.watch()
    finally:
        crew.end()
        standin.take_away(settings)
        log.info("launcher_stopped")


def _start(settings: Settings, crew: Crew) -> None:
    sandbox_page = None
    sandbox = _start_sandbox(settings, crew) if settings.uses_sandbox else None
    # While the sandbox fills its file, we make our tables.
    app = create_app(settings)
    logs.configure(settings, "launcher")
    with app.app_context():
        firststart.migrate()
    if sandbox:
        sandbox_page = _sandbox_address(sandbox, crew)
        reached = (f"{sandbox_page}/api", _sandbox_token(settings), SANDBOX_ORGANIZATION)
        standin.leave(settings, *reached)
        settings = standin.with_sandbox(settings, *reached)
    with app.app_context():
        firststart.connect(settings)
    environment = _environment(settings)
    web = Child("web server", WEB, environment, restartable=False)
    crew.add(web)
    crew.add(Child("worker", WORKER, environment))
    address = f"http://{ports.reachable_host(settings.bind_address)}:{settings.port}"
    _wait(crew, web, lambda: _answers(settings))
    say(_summary(address, sandbox_page, _first_account(app, settings)))


def _start_sandbox(settings: Settings, crew: Crew) -> Child:
    port = settings.sandbox_port
    if "sandbox_port" in settings.model_fields_set:
        _check_port(LOOPBACK, port, "SANDBOX_PORT")
    elif port == settings.port or not ports.is_free(LOOPBACK, port):
        port = 0
    sandbox = Child(
        "sandbox",
        _sandbox_command(settings, port),
        _environment(settings),
        output=settings.logs / "sandbox.log",
        ends_last=True,
    )
    crew.add(sandbox)
    return sandbox


def _sandbox_command(settings: Settings, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "webapp.sandbox"),
        *("--port", str(port)),
        *("--state", str(settings.instance_dir / "sandbox.db")),
        *("--campaigns", str(settings.sandbox_campaigns)),
        # In one: a token may begin with a minus.
        f"--token={_sandbox_token(settings)}",
        *("--organization", SANDBOX_ORGANIZATION),
        *("--requests-per-minute", str(settings.megaphone_requests_per_minute)),
    ]


def _sandbox_token(settings: Settings) -> str:
    return firststart.kept_secret(settings.instance_dir / "sandbox_token")


def _sandbox_address(sandbox: Child, crew: Crew) -> str:
    """Wait until it listens. From then on it keeps its port, also when it is started again."""
    _wait(crew, sandbox, lambda: SANDBOX_READY in sandbox.printed())
    address = sandbox.printed().partition(SANDBOX_READY)[2].split()[0]
    sandbox.command[sandbox.command.index("--port") + 1] = address.rpartition(":")[2]
    return address


def _environment(settings: Settings) -> dict[str, str]:
    """What children read their settings from."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    if settings.megaphone_api_token and settings.megaphone_org_id:
        kept.pop("MEGAPHONE_API_TOKEN_FILE", None)
        kept["MEGAPHONE_BASE_URL"] = settings.megaphone_base_url
        kept["MEGAPHONE_API_TOKEN"] = settings.megaphone_api_token.get_secret_value()
        kept["MEGAPHONE_ORG_ID"] = settings.megaphone_org_id
    return kept


def _first_account(app: Flask, settings: Settings) -> Account | None:
    with app.app_context():
        account = firststart.create_first_operator(settings)
        db.engine.dispose()
        return account


def _check_port(address: str, port: int, setting: str) -> None:
    problem = ports.problem(address, port, setting)
    if problem:
        raise Problem(problem)


def _wait(crew: Crew, child: Child, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if crew.stopping.wait(POLL_SECONDS):
            raise Stopped
        if child.exit_status is not None or time.monotonic() > deadline:
            said = child.printed().strip()
            raise Problem(f"The {child.name} did not start. {said}".strip(), BUSY)


def _answers(settings: Settings) -> bool:
    host = ports.reachable_host(settings.bind_address).strip("[]")
    try:
        with closing(http.client.HTTPConnection(host, settings.port, timeout=5)) as connection:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


def _summary(address: str, sandbox_page: str | None, account: Account | None) -> str:
    lines = ["", f"  Flightdeck runs at       {address}/"]
    if account:
        lines.append(f"  Sign in with e-mail      {account.email}")
        lines.append(f"  and password             {account.password or 'the one you set'}")
        if account.password:
            lines.append("                           (shown this once: write it down)")
        lines.append("  To invite others         flask operators first-admin")
    if sandbox_page:
        lines.append(f"  Practice Megaphone       {sandbox_page}/")
    return "\n".join([*lines, "", "  Ctrl-C stops all.", ""])


if __name__ == "__main__":
    sys.exit(main())
