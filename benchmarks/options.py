"""The command line that the benchmarks share."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from tests.support.postgres import Postgres, find_programs, start_postgres


@dataclass
class Options:
    """``folder`` holds instances; ``postgres`` is the server that their databases are on.

    ``on_one_core``: everything, the client too, shares one.
    """

    folder: Path
    sizes: list[int]
    repeats: int
    postgres: Postgres | None = None
    on_one_core: bool = False

    @property
    def database(self) -> str:
        """Name and version, for the report."""
        if self.postgres is None:
            return machine.sqlite_version()
        with self.postgres.connect("postgres") as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}"

    @property
    def suffix(self) -> str:
        return "-postgresql" if self.postgres else ""

    @property
    def results(self) -> str:
        """What the results' names end in."""
        return f"{self.suffix}-one-core" if self.on_one_core else self.suffix


@contextmanager
def read(about: str, *, sizes: list[int], repeats: int = 200) -> Iterator[Options]:
    """Read the command line; what was made for the run is gone when the block ends."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--campaigns", type=int, nargs="+", default=sizes, help=f"how many (default: {sizes})"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep filled instances there, and use them"
    )
    parser.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL server of its own"
    )
    parser.add_argument(
        "--one-core",
        action="store_true",
        help="let all processes share one core, so that none waits for another to wake up",
    )
    parser.add_argument("--repeats", type=int, default=repeats, help="requests of each kind")
    wish = parser.parse_args()
    if wish.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with ExitStack() as stack:
        folder = wish.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="flightdeck-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        server = _server(stack) if wish.postgresql else None
        yield Options(folder, wish.campaigns, wish.repeats, server, wish.one_core)


def _server(stack: ExitStack) -> Postgres:
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed. Try: apt-get install postgresql")
    server = start_postgres(programs)
    stack.callback(server.stop)
    return server
