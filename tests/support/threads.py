"""Work done at the same time, and what went wrong in it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
SECONDS = 90


def in_threads(works: Sequence[Callable[[], T]]) -> list[T]:
    """Start all at one moment and return their results; the first failure is raised here."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        gate.wait(SECONDS)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(run, work) for work in works]
        return [future.result(SECONDS) for future in futures]
