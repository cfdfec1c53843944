"""How fast the whole list comes as a file, and what the web server's memory does meanwhile."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import options
from benchmarks.instance import Instance, instance
from benchmarks.options import Options
from benchmarks.report import Report, Table, percentile
from benchmarks.web import Visitor, serving

ABOUT = (
    "All campaigns as one CSV file, over HTTP, by somebody who is signed in; gunicorn with one "
    "worker of four threads. *Rows/s* counts from asking to the last byte, *rows/s of worker* only "
    "the time for which the worker had a processor: the two differ by as much as the machine was "
    "busy with other things. *First byte* is when the answer begins. *Own* is the worker's memory "
    "that is not part of a file: before, and its peak during all downloads, looked at every 20 ms. "
    "*List* is the first page of the list, asked for again and again by somebody else, alone and "
    "while a download runs: the median."
)
COLUMNS = (
    "order",
    "rows/s",
    "rows/s of worker",
    "seconds",
    "MiB",
    "first byte ms",
    "own MiB before",
    "own MiB peak",
    "list p50 ms alone",
    "list p50 ms meanwhile",
)
ORDERS = ("title", "-changed")
DOWNLOADS = 3
BLOCK = 64 * 1024
LOOK_SECONDS = 0.02
ALONE = 40
MEBI, KIBI = 2**20, 1024


@dataclass
class Looks:
    """What was seen by a second thread while the first one downloads."""

    peak_kib: int = 0
    times: list[float] = field(default_factory=list)


def main() -> None:
    with options.read(__doc__ or "", sizes=[10_000, 100_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(f"export{wish.results}", "The list as a file", ABOUT, wish.database)
    for campaigns in wish.sizes:
        with instance(wish, "list", campaigns, empty=False, pulled=False) as made:
            made.fill()
            report.tables.append(_measure_one(made))
    report.finish()


def _measure_one(made: Instance) -> Table:
    table = Table(f"{made.campaigns:,} campaigns", COLUMNS)
    with serving(made) as address:
        visitor, other = Visitor(address), Visitor(address)
        visitor.sign_in()
        other.sign_in()
        worker = _worker_of(address)
        _download(visitor, ORDERS[0])
        table.rows += [_row(made, visitor, other, worker, order) for order in ORDERS]
    return table


def _row(
    made: Instance, visitor: Visitor, other: Visitor, worker: int, order: str
) -> list[str | int | float]:
    before = _own_kib(worker)
    alone = [other.time("/campaigns") for _ in range(ALONE)]
    began = _worked_seconds(worker)
    with _looking(worker, None) as looks:
        found = sorted(_download(visitor, order) for _ in range(DOWNLOADS))
    worked = _worked_seconds(worker) - began
    seconds, first, size = found[len(found) // 2]
    with _looking(worker, other) as meanwhile:
        _download(visitor, order)
    return [
        order,
        round(made.campaigns / seconds),
        round(made.campaigns * DOWNLOADS / worked),
        round(seconds, 2),
        round(size / MEBI, 1),
        round(first * 1000, 1),
        round(before / KIBI, 1),
        round(max(looks.peak_kib, meanwhile.peak_kib) / KIBI, 1),
        round(percentile(alone, 0.5), 1),
        round(percentile(meanwhile.times, 0.5), 1),
    ]


def _download(visitor: Visitor, order: str) -> tuple[float, float, int]:
    """Seconds to the end, seconds to the first byte, and bytes."""
    started = time.perf_counter()
    with visitor.open(f"/campaigns.csv?archived=all&sort={order}") as answer:
        blocks = answer.iter_content(BLOCK)
        size = len(next(blocks))
        first = time.perf_counter() - started
        size += sum(len(block) for block in blocks)
    return time.perf_counter() - started, first, size


@contextmanager
def _looking(worker: int, other: Visitor | None) -> Iterator[Looks]:
    """Look at the worker's memory, and have somebody ask for the list, until the block ends."""
    looks, is_over = Looks(), threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            looks.peak_kib = max(looks.peak_kib, _own_kib(worker))
            if other:
                looks.times.append(other.time("/campaigns"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looks
    finally:
        is_over.set()
        thread.join()


def _worker_of(address: str) -> int:
    """The one worker of the server that listens there."""
    port = address.rpartition(":")[2]
    for folder in Path("/proc").glob("[0-9]*"):
        environment = folder / "environ"
        try:
            is_ours = f"PORT={port}\0".encode() in environment.read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            is_worker = is_ours and b"gunicorn" in Path(f"/proc/{parent}/cmdline").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if is_worker:
            return int(folder.name)
    raise SystemExit("The web server's worker was not found.")


def _worked_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _own_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [size] = [line for line in lines if line.startswith("RssAnon:")]
    return int(size.split()[1])


if __name__ == "__main__":
    main()
