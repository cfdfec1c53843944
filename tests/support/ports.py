"""Ports for processes that are told theirs, and begin to listen on it some time later.

A port that the system chose and we let go again is anybody's until then: whoever asks for one, or
only connects to somewhere, may be given it. These lie below those that a system gives out by
itself, and each process that runs tests has some of its own.
"""

import os
import re
import socket
from itertools import count

FIRST, EACH = 10_000, 1_400
MOST_PROCESSES = 16
# Runs of the tests beside each other begin at different ones.
_numbers = count(os.getpid())


def free_port() -> int:
    """One on which nobody listens; no other is given out twice before all were."""
    for _ in range(EACH):
        port = FIRST + _place() * EACH + next(_numbers) % EACH
        if _is_free(port):
            return port
    raise AssertionError("every port is in use")


def _place() -> int:
    """Which of the processes that run tests this is; the first where there is only one."""
    found = re.search(r"\d+$", os.environ.get("PYTEST_XDIST_WORKER", ""))
    return int(found[0]) % MOST_PROCESSES if found else 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that have ended are no reason against it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
