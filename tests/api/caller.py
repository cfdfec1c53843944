"""Run as a process of its own: one web process that a script calls until it is told to stop.

Arguments: database, folder, token, threads. Its line is ``ready``, then, when told to go by a line
on its input, how many requests were answered before each thread was refused.
"""

import sys
import threading
from pathlib import Path

from tests.api.calling import get
from tests.support.client import Client
from webapp.app import create_app
from webapp.core.config import Settings

MOST = 1000


def main(url: str, folder: str, token: str, threads: int) -> None:
    app = create_app(Settings(database_url=url, instance_dir=Path(folder), log_level="ERROR"))
    answered: list[int] = []

    def call() -> None:
        client, count = Client(app), 0
        while count < MOST and get(client, token).status_code != 429:
            count += 1
        answered.append(count)

    print("ready", flush=True)
    sys.stdin.readline()
    callers = [threading.Thread(target=call) for _ in range(threads)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    print(sum(answered), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
