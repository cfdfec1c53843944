"""``python -m benchmarks``: all of them, one after the other; the options are the same."""

from benchmarks import contention, list_page, pull, push_storm, simulation, worker_memory


def main() -> None:
    for benchmark in (list_page, pull, contention, worker_memory, push_storm, simulation):
        benchmark.main()


if __name__ == "__main__":
    main()
