"""Making a backup: one file, of one moment, verified before it gets its name.

The instance folder's ``secret_key`` and the settings are not in it: see docs/backup.md.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url

from webapp.ops.copies import archive, postgresql, sqlite
from webapp.ops.copies.archive import BackupFailed, Manifest

SQLITE, POSTGRESQL = "sqlite", "postgresql"
NAME = "flightdeck-{:%Y%m%dT%H%M%SZ}.backup.zip"
OURS = re.compile(r"flightdeck-\d{8}T\d{6}Z\.backup\.zip")


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. ``dropped`` are older ones that were deleted after it."""

    path: Path
    bytes: int
    sha256: str
    manifest: Manifest
    dropped: list[str]

    @property
    def rows(self) -> int:
        return sum(self.manifest.rows.values())


def back_up(url: str, folder: Path, now: datetime, keep: int | None = None) -> Made:
    """Back the database up into a new file of the folder, and keep so many of them at most.

    Raises ``BackupFailed``; nothing is left behind then, and no older one was deleted.
    """
    target = folder / NAME.format(now)
    with archive.in_words("The backup"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            raise BackupFailed(f"{target} exists already. It is not written over.")
        # In the same folder, so that the file can be given its name in one step.
        with TemporaryDirectory(prefix=".unfinished-", dir=folder) as scratch:
            draft = Path(scratch, target.name)
            manifest = _write(url, draft, Path(scratch), now)
            verify(draft, Path(scratch))
            digest = _publish(draft, target)
        dropped = _drop_old(folder, keep) if keep else []
        return Made(target, target.stat().st_size, digest, manifest, dropped)


def _write(url: str, draft: Path, scratch: Path, now: datetime) -> Manifest:
    address = make_url(url)
    if address.get_backend_name() == SQLITE:
        return _write_file(Path(address.database or ""), draft, scratch / "copy.db", now)
    with postgresql.snapshot(url) as database, archive.written(draft) as file:
        revision, columns = postgresql.revision_of(database), postgresql.columns_of(database)
        rows = postgresql.rows_of(database, columns)
        for table, names in columns.items():
            postgresql.copy_out(database, file, table, names)
        sequences = postgresql.sequences_of(database)
        manifest = Manifest(POSTGRESQL, revision, now, rows, columns, sequences)
        archive.add_manifest(file, manifest)
    return manifest


def _write_file(source: Path, draft: Path, copy: Path, now: datetime) -> Manifest:
    revision, rows = sqlite.copy_out(source, copy)
    manifest = Manifest(SQLITE, revision, now, rows)
    with archive.written(draft) as file:
        file.write(copy, sqlite.MEMBER)
        archive.add_manifest(file, manifest)
    copy.unlink()
    return manifest


def verify(path: Path, scratch: Path) -> Manifest:
    """Read the whole file, and look whether it holds what it says. Raises ``BackupFailed``."""
    with archive.opened(path) as file:
        manifest = archive.manifest_of(file)
        if manifest.database == POSTGRESQL:
            postgresql.check(file, manifest)
            return manifest
        unpacked = scratch / "unpacked.db"
        archive.unpack(file, sqlite.MEMBER, unpacked)
    sqlite.check(unpacked, manifest.revision, manifest.rows)
    unpacked.unlink()
    return manifest


def _publish(draft: Path, target: Path) -> str:
    """Give it its name, unless that is taken; its checksum is there before it is."""
    digest = archive.write_checksum(draft)
    beside = archive.checksum_file(target)
    try:
        beside.hardlink_to(archive.checksum_file(draft))
        target.hardlink_to(draft)
    except FileExistsError:
        raise BackupFailed(f"{target} exists already. It is not written over.") from None
    return digest


def _drop_old(folder: Path, keep: int) -> list[str]:
    """Delete all but the newest; only what has the name of a backup of ours."""
    found = sorted(path for path in folder.iterdir() if OURS.fullmatch(path.name))
    old = found[:-keep]
    for path in old:
        path.unlink()
        archive.checksum_file(path).unlink(missing_ok=True)
    return [path.name for path in old]
