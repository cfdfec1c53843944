"""A Flightdeck instance in a folder of its own, with the sandbox it reads from.

Everything is done as in production: real migrations, real pulls over a real socket. The password
is of no use to anybody: nothing listens anywhere but on this machine, and only for the run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.options import Options
from tests.support.databases import application
from tests.support.sandbox import REPOSITORY, Sandbox, start_sandbox
from webapp.core.config import Settings
from webapp.core.db import db

EMAIL, PASSWORD = "bench@example.com", "a password for benchmarks only"
ADVERTISERS, AGENCIES = 500, 60


@dataclass
class Instance:
    """``folder`` holds settings' files, logs, the sandbox's state and the SQLite database."""

    folder: Path
    campaigns: int
    sandbox: Sandbox
    database_url: str | None = None

    @property
    def log_folder(self) -> Path:
        return self.folder / "log"

    def environment(self) -> dict[str, str]:
        """The environment of its processes: nothing of the settings of whoever measures."""
        ours = {name.upper() for name in Settings.model_fields}
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.upper().removesuffix("_FILE") not in ours
        }
        settings = {
            "PYTHONPATH": str(REPOSITORY),
            "INSTANCE_DIR": str(self.folder),
            "MEGAPHONE_BASE_URL": self.sandbox.base_url,
            "MEGAPHONE_API_TOKEN": self.sandbox.token,
            "MEGAPHONE_ORG_ID": self.sandbox.organization,
            "MEGAPHONE_REQUESTS_PER_MINUTE": "0",
            "FIRST_OPERATOR_EMAIL": EMAIL,
            "FIRST_OPERATOR_PASSWORD": PASSWORD,
        }
        if self.database_url:
            settings["DATABASE_URL"] = self.database_url
        return kept | settings

    def run(self, module: str, *arguments: str) -> Any:
        """Run a module of ours in a fresh process; the last line it prints is its answer, JSON."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=(self.folder / "errors.txt").open("a"),
            text=True,
            check=False,
        )
        if done.returncode:
            problem = (self.folder / "errors.txt").read_text(encoding="utf-8")[-2000:]
            raise SystemExit(f"{module} failed:\n{problem}")
        return json.loads(done.stdout.splitlines()[-1])

    def fill(self) -> None:
        """Give it its campaigns, unless an earlier run did."""
        self.run("benchmarks.seed", str(self.campaigns))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """An application context on its database, in this process, for looking around."""
        settings = Settings(
            instance_dir=self.folder,
            database_url=self.database_url,
            log_level="ERROR",
        )
        with application(settings):
            yield
            db.session.rollback()


def instances(options: Options, name: str) -> Iterator[Instance]:
    """An instance of each size asked for, in whose database one can look around."""
    for campaigns in options.sizes:
        with instance(options, name, campaigns) as made, made.reading():
            yield made


@contextmanager
def instance(
    options: Options, name: str, campaigns: int, *, empty: bool = True, pulled: bool = True
) -> Iterator[Instance]:
    """A migrated instance with one operator, and its running sandbox.

    Unless it has to be ``empty``, it may have been filled by an earlier run. Its campaigns are to
    be ``pulled`` from the sandbox, or to be made by ``fill``.
    """
    folder = options.folder / f"{name}-{campaigns}{options.suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    if empty:
        for file in folder.glob("flightdeck.db*"):
            file.unlink()
    with start_sandbox(
        folder, campaigns=campaigns if pulled else 1, advertisers=ADVERTISERS, agencies=AGENCIES
    ) as sandbox:
        made = Instance(folder, campaigns, sandbox)
        if options.postgres:
            made.database_url = options.postgres.create_database(f"{name}_{campaigns}")
        made.run("benchmarks.prepare")
        yield made
