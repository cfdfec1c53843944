"""``python -m benchmarks``: all of them, one after the other; the options are the same."""

from benchmarks import contention, list_page, pull


def main() -> None:
    for benchmark in (list_page, pull, contention):
        benchmark.main()


if __name__ == "__main__":
    main()
