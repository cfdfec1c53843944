"""Log files: one a day, compressed when the day (UTC) is over, deleted after 90 days.

Several processes write to one file. They take turns by a lock file beside it, which also holds the
moment of the next change of files.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler

from webapp.core.clock import utc_now

KEEP_DAYS = 90
PRIVATE = 0o600


class DailyFile(ConcurrentTimedRotatingFileHandler):
    """A log file of the current day; earlier days lie beside it as ``NAME.YYYY-MM-DD.gz``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(
            str(path),
            when="midnight",
            utc=True,
            backupCount=KEEP_DAYS,
            use_gzip=True,
            encoding="utf-8",
            chmod=PRIVATE,
            unicode_error_policy="replace",
        )

    def getFilesToDelete(self) -> list[str]:  # noqa: N802
        """Called when a day is over. Deletes by age; the inherited way keeps a number of files."""
        self.delete_old()
        # Nothing is left for the caller, who would stop half-way at a file that is gone already.
        return []

    def change_if_due(self) -> None:
        """Begin a new file when the day is over, and delete what is too old, with no line written.

        A file that is seldom written to, such as that of errors, would otherwise keep old days.
        """
        self.initialize_rollover_time()
        self.delete_old()

    def delete_old(self) -> None:
        for path in self._too_old():
            path.unlink(missing_ok=True)

    def _too_old(self) -> list[Path]:
        current = Path(self.baseFilename)
        oldest = (utc_now() - timedelta(days=KEEP_DAYS)).date()
        days = ((path, _day(path, current.name)) for path in current.parent.iterdir())
        return [path for path, day in days if day is not None and day < oldest]


def _day(path: Path, name: str) -> date | None:
    """The day whose lines a file holds; ``None`` for a file that is none of ours."""
    if not path.name.startswith(f"{name}."):
        return None
    try:
        stamp = path.name.removeprefix(f"{name}.")[:10]
        return datetime.strptime(stamp, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
