"""``flask audit prune`` in a process that ends itself without a word at a step of it."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from webapp import cli
from webapp.app import create_app
from webapp.audit import archive, pruning
from webapp.core.config import load_settings

# By the name of a step: the module, its function, at which call, and whether before it or after.
STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "while the file is written": (archive, "_compare", 1, False),
    "when the file has its name": (archive, "_sum_of", 1, False),
    "when it was written down": (pruning, "prune", 1, False),
    "when one seal's events are gone": (pruning, "prune", 2, False),
    "before the second is committed": (pruning, "prune", 2, True),
}


def arm(step: str) -> None:
    module, name, which, is_after = STEPS[step]
    real: Callable[..., Any] = getattr(module, name)
    calls = 0

    def dying(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == which and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(*args)
        if calls == which:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(module, name, dying)


def main() -> None:
    arm(sys.argv[1])
    app = create_app(load_settings(log_level="WARNING"))
    cli.init_app(app)
    app.test_cli_runner().invoke(args=["audit", "prune", *sys.argv[2:]], catch_exceptions=False)


if __name__ == "__main__":
    main()
