"""Run as a process of its own: makes calls from the shared budget, and prints when it made each.

Arguments: database, speed, priority, how many calls, in how many threads each. Time runs ``speed``
times as fast. Its lines are ``ready``, then, when told to go by a line on its input, one time for
each call.
"""

import sys
import threading
import time

from sqlalchemy import create_engine

from webapp.core.db import engine_options
from webapp.core.ratelimit import Priority, RateLimiter
from webapp.sync.budget import DatabaseStore

KEY = "of all of them"


def main(url: str, speed: float, priority: Priority, calls: int, threads: int) -> None:
    engine = create_engine(url, **engine_options(url))

    def now(_connection: object = None) -> float:
        return time.monotonic() * speed

    limiter = RateLimiter(
        60,
        monotonic=now,
        sleep=lambda seconds: time.sleep(seconds / speed),
        store=DatabaseStore(engine, KEY, clock=now),
    )

    def use(limiter: RateLimiter, priority: Priority, calls: int) -> None:
        for _ in range(calls):
            limiter.acquire(priority)
            sys.stdout.write(f"{now()}\n")
            sys.stdout.flush()

    print("ready", flush=True)
    sys.stdin.readline()
    users = [threading.Thread(target=use, args=(limiter, priority, calls)) for _ in range(threads)]
    for each in users:
        each.start()
    for each in users:
        each.join()
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Priority[sys.argv[3]], int(sys.argv[4]), int(sys.argv[5]))
