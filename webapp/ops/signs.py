"""A worker's sign of life: a file that it touches while its main loop turns.

Asks no database: one that is away is no reason to start a worker again.
"""

from pathlib import Path

import structlog

from webapp.core.clock import utc_now
from webapp.core.config import Settings

NAME = "worker.alive"
# The loop turns every few seconds; a database that is slow holds it up for longer.
OLDEST_SECONDS = 60.0

log = structlog.get_logger()


def give(settings: Settings) -> None:
    """Where it cannot be given, the work goes on: a watcher will notice that it is missing."""
    try:
        settings.instance_dir.mkdir(parents=True, exist_ok=True)
        _file(settings).touch(mode=0o600)
    except OSError as error:
        log.warning("sign_not_given", reason=error.strerror)


def is_alive(settings: Settings) -> bool:
    """Whether a worker of this folder gave one lately."""
    try:
        age = utc_now().timestamp() - _file(settings).stat().st_mtime
    except OSError:
        return False
    return abs(age) < OLDEST_SECONDS


def _file(settings: Settings) -> Path:
    return settings.instance_dir / NAME
