"""The file of a backup: a ZIP, compressed as gzip does, and what it says of itself.

Members are written as they come, each with a checksum of its own. The last one, ``manifest.json``,
names the moment, the database, its migration and how many rows each table has.
"""

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from webapp.core.errors import DomainError

FORMAT = 1
MANIFEST = "manifest.json"
CHECKSUM = ".sha256"
PRIVATE = 0o600
CHUNK = 1024 * 1024


class BackupFailed(DomainError):
    """No backup was made, or nothing was restored. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. ``rows`` by table; the other two are PostgreSQL's only."""

    database: str
    revision: str
    made_at: datetime
    rows: dict[str, int]
    columns: dict[str, list[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Say what the system refuses, such as a full disk, as a sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = f" ({error.filename})" if error.filename else ""
        raise BackupFailed(f"{doing} failed: {reason}{where}.") from None


@contextmanager
def written(path: Path) -> Iterator[zipfile.ZipFile]:
    """A new file that nobody else may read, whole on the disk when the block ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            yield archive
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Raises ``BackupFailed`` for what is no backup, also when that shows while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError):
        raise BackupFailed(f"{path} is damaged, or no backup of Flightdeck.") from None


def add_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    told = {"format": FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    archive.writestr(MANIFEST, json.dumps(told, indent=2))


def manifest_of(archive: zipfile.ZipFile) -> Manifest:
    """Raises ``BackupFailed`` when it is of another kind, or of a later one."""
    told: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if told.pop("format") != FORMAT:
        raise BackupFailed("This backup was made by a newer version of Flightdeck.")
    return Manifest(**{**told, "made_at": datetime.fromisoformat(told["made_at"])})


@contextmanager
def adding(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """A member of any size, to be written to."""
    with archive.open(name, "w", force_zip64=True) as member:
        yield member


def unpack(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Its checksum is compared on the way."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file, archive.open(name) as member:
        shutil.copyfileobj(member, file, CHUNK)


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_file(path: Path) -> Path:
    return path.with_name(path.name + CHECKSUM)


def write_checksum(path: Path) -> str:
    """Put the file's SHA-256 beside it, as ``sha256sum --check`` reads it."""
    digest = digest_of(path)
    descriptor = os.open(checksum_file(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{digest}  {path.name}\n")
    return digest


def compare_checksum(path: Path) -> None:
    """Raises ``BackupFailed`` when the file is not what its checksum beside it was made of."""
    beside = checksum_file(path)
    if not beside.exists():
        return
    told = beside.read_text(encoding="utf-8").split(maxsplit=1)
    if not told or told[0] != digest_of(path):
        raise BackupFailed(f"{path.name} is not as it was written: its SHA-256 differs.")
