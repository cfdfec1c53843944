"""The process: opens the state, listens, says so, and ends cleanly when told to."""

import signal
import threading

from webapp.sandbox.app import create_app
from webapp.sandbox.standin import Standin
from webapp.sandbox.wire import WireServer

POLL_SECONDS = 0.05


def serve(standin: Standin, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Open connections do not hold it up."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with WireServer(host, port, create_app(standin)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        print(f"sandbox ready {server.url}", flush=True)
        ending.wait()
        server.stopping.set()
        server.shutdown()
    standin.state.close()
