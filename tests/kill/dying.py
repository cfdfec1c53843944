"""The real worker, in a process that may be told when to end itself without a word."""

import os
import signal
import sys

from tests.kill import ahead
from tests.kill.moments import count_down
from tests.kill.plan import Plan
from tests.kill.steps import STEPS, arm
from webapp import worker
from webapp.adservers.megaphone import paging
from webapp.app import create_app

# Small pages: a list of forty has somewhere to end between two.
PAGE_SIZE = 15
QUICK_SECONDS = 0.05

_first_cursor = paging.first_cursor


def small_pages(page_size: int = PAGE_SIZE) -> str:
    return _first_cursor(page_size)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(plan: Plan, seconds: ahead.Seconds) -> None:
    """Work until killed, or told to stop."""
    with plan.output.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    ahead.follow(seconds)
    paging.first_cursor = small_pages
    for name in [name for name in vars(worker) if name.endswith("LOOK_SECONDS")]:
        setattr(worker, name, QUICK_SECONDS)
    app = create_app(plan.settings)
    if plan.step:
        arm(STEPS[plan.step], die)
    if plan.moments:
        count_down(plan.moments, die)
    sys.exit(worker.main(app))
