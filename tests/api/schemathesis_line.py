"""Schemathesis's command line, loaded once for several runs: each is forked from this process.

Loading it takes seconds, the more so with our models, which the checks need. It is told a run as a
line of JSON, its words and its folder, and answers with how that ended; what was said is in a file.
"""

import json
import os
import runpy
import sys
from pathlib import Path

PRELOADED = (
    "schemathesis.cli",
    "schemathesis.cli.commands.run",
    "schemathesis.specs.openapi.schemas",
    "tests.api.schemathesis_checks",
)
SAID = "said.txt"


def run(words: list[str], folder: Path) -> None:
    os.chdir(folder)
    with Path(SAID).open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = ["schemathesis", *words]
    runpy.run_module("schemathesis.cli", run_name="__main__")


def main() -> None:
    for name in PRELOADED:
        __import__(name)
    for line in sys.stdin:
        words, folder = json.loads(line)
        child = os.fork()
        if not child:
            run(words, Path(folder))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
