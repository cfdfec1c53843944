"""Run as a process of its own: one web process that a script calls until it is told to stop.

Arguments: database, folder, token, threads, time of day. Its line is ``ready``, when the first
request is answered; then, when told to go by a line on its input, how many were answered before
each thread was refused.
"""

import sys
import threading
from datetime import datetime
from pathlib import Path

from tests.api.calling import get
from tests.support.client import Client
from webapp.api import access
from webapp.app import create_app
from webapp.core.config import Settings

MOST = 1000


def main(url: str, folder: str, token: str, threads: int, now: datetime) -> None:
    # A quarter of an hour may end while this runs, and what there was of it begins anew.
    access.utc_now = lambda: now
    app = create_app(Settings(database_url=url, instance_dir=Path(folder), log_level="ERROR"))
    answered: list[int] = []

    def call() -> None:
        client, count = Client(app), 0
        while count < MOST and get(client, token).status_code != 429:
            count += 1
        answered.append(count)

    assert get(Client(app), token).status_code != 429
    answered.append(1)
    print("ready", flush=True)
    sys.stdin.readline()
    callers = [threading.Thread(target=call) for _ in range(threads)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    print(sum(answered), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), datetime.fromisoformat(sys.argv[5]))
