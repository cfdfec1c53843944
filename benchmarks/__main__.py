"""``python -m benchmarks``: all of them, one after the other; the options are the same."""

from benchmarks import (
    bulk,
    contention,
    export,
    list_page,
    pull,
    push_storm,
    simulation,
    waiting,
    worker_memory,
)


def main() -> None:
    every = (
        list_page,
        pull,
        contention,
        worker_memory,
        push_storm,
        waiting,
        bulk,
        export,
        simulation,
    )
    for benchmark in every:
        benchmark.main()


if __name__ == "__main__":
    main()
