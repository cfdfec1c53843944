"""A PostgreSQL server of our own for the tests: private folder, free port, gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port

DEBIAN_FOLDERS = Path("/usr/lib/postgresql")
USER = "flightdeck"
# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0
# Nothing here has to survive a power cut.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Postgres:
    """A running server. Anyone on this machine may connect; it holds nothing but test data."""

    def __init__(
        self, process: subprocess.Popen[bytes], folder: Path, port: int, *, keep: bool = False
    ) -> None:
        self.process = process
        self.folder = folder
        self.port = port
        self.keep = keep

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run SQL of any number of statements outside a transaction."""
        with self.connect(database) as connection:
            connection.execute(statement)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname=database, autocommit=True
        )

    def create_database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            if not self.keep:
                shutil.rmtree(self.folder)


def find_programs() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``; ``None`` when they are not installed."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(
        DEBIAN_FOLDERS.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def start_postgres(
    programs: Path, kept: Path | None = None, settings: Sequence[str] = QUICK
) -> Postgres:
    """Start a new cluster, or the one in a folder that is kept; ready when this returns."""
    folder = kept or Path(tempfile.mkdtemp(prefix="flightdeck-postgres-"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        account = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    if not data.exists():
        _make_cluster(programs, data, account)
    port = free_port()
    command = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    for setting in ("unix_socket_directories=", *settings):
        command += ["-c", setting]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **account)
    server = Postgres(process, folder, port, keep=kept is not None)
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _make_cluster(programs: Path, data: Path, account: dict[str, Any]) -> None:
    subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync"),
            *("--encoding=UTF8", *_language_order(programs)),
        ],
        check=True,
        cwd=data.parent,
        stdout=subprocess.DEVNULL,
        **account,
    )


def _language_order(programs: Path) -> list[str]:
    # Servers usually sort text by a language's rules: what must not depend on them, shows here.
    version = subprocess.run(
        [programs / "initdb", "--version"], check=True, capture_output=True, text=True
    ).stdout.split()[2]
    if int(version.split(".")[0]) < 15:
        return ["--locale=C.UTF-8"]
    return ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]


def _wait_until_ready(server: Postgres) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.connect("postgres").close()
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "log.txt").read_text(errors="replace")
                raise AssertionError(f"PostgreSQL did not start:\n{log[-2000:]}") from None
            time.sleep(0.05)
        else:
            return
