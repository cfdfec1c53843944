"""An instance that is kept between runs, on SQLite or on a PostgreSQL server of its own folder."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks.instance import Instance
from tests.support.postgres import Postgres, find_programs, start_postgres
from tests.support.sandbox import start_sandbox

DATABASE = "scale"
# As a server of its own with a quarter of 8 GiB for itself would have them; the rest is stock.
# Nothing is written safely here: what a commit costs is not what is measured.
SETTINGS = (
    "shared_buffers=2GB",
    "effective_cache_size=6GB",
    "maintenance_work_mem=1GB",
    "max_wal_size=8GB",
    "random_page_cost=1.1",
    "synchronous_commit=off",
)


@contextmanager
def kept_instance(folder: Path, campaigns: int, *, on_sqlite: bool) -> Iterator[Instance]:
    """The instance of a folder, its tables at the newest migration, its server running."""
    home = folder / "instance"
    home.mkdir(parents=True, exist_ok=True)
    with (
        nullcontext(None) if on_sqlite else _server(folder) as server,
        start_sandbox(home, campaigns=1) as sandbox,
    ):
        made = Instance(home, campaigns, sandbox, server.url(DATABASE) if server else None)
        made.run("benchmarks.prepare")
        yield made


@contextmanager
def _server(folder: Path) -> Iterator[Postgres]:
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed. Try: apt-get install postgresql")
    server = start_postgres(programs, folder, SETTINGS)
    try:
        with server.connect("postgres") as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
        if found is None:
            server.create_database(DATABASE)
        yield server
    finally:
        # Its own checkpoint at the end may take longer than it is waited for.
        server.run("CHECKPOINT")
        server.stop()
