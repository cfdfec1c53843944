"""Waiting at a command line until the worker, or this process in its place, is done."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from webapp.cli.here import Here, Job, working_here
from webapp.cli.plain import NO_SANDBOX, NOBODY, settings, the_app
from webapp.core.db import db, reading
from webapp.sync.lead import is_somebody_leading

LOOK_SECONDS = 0.3
# Another worker takes over within 20 seconds, if there is one.
PATIENCE_SECONDS = 40.0

here_option = click.option(
    "--here/--no-here", default=True, help="Whether to do it here when no worker leads."
)


class Nobody(click.ClickException):
    exit_code = NOBODY


@contextmanager
def somebody(jobs: Sequence[Job], *, here_too: bool) -> Iterator[Here | None]:
    """Make sure that somebody works: a worker (``None``), or this process. Raises ``Nobody``."""
    if is_somebody_leading():
        yield None
        return
    if not here_too:
        raise Nobody("No worker leads. Start one with: flask worker")
    if settings().uses_sandbox:
        raise Nobody(f"No worker leads. {NO_SANDBOX}")
    with working_here(the_app(), jobs) as here:
        if here:
            click.echo("No worker leads: it is done here.", err=True)
        yield here


def wait(look: Callable[[], tuple[bool, str]], here: Here | None, seconds: float) -> bool:
    """Look until it says that all is done; what it says in words is shown when it changes.

    Returns whether that was within so many seconds. Raises ``Nobody`` when the worker is gone, and
    what went wrong when the work was done here.
    """
    until = time.monotonic() + seconds
    led_at, shown = time.monotonic(), ""
    while True:
        with reading():
            done, words = look()
            db.session.rollback()
        if words and words != shown:
            click.echo(words, err=True)
            shown = words
        if done:
            return True
        now = time.monotonic()
        led_at = now if _is_alive(here) else led_at
        if now - led_at > PATIENCE_SECONDS:
            raise Nobody("The worker that led has ended, and no other took over.")
        if now > until or (here and here.lead.stopping.is_set()):
            return False
        time.sleep(LOOK_SECONDS)


def _is_alive(here: Here | None) -> bool:
    if here is None:
        return is_somebody_leading()
    if here.failure:
        raise here.failure
    return here.lead.is_held()
