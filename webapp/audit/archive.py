"""Events that are to be dropped, in a file: seal by seal, in the very lines that were sealed.

The file is gzip of JSON lines. The first names an event's columns. Each seal is an object, and the
lists behind it are its events: with them its digest can be computed again, here or by others.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Row

from webapp.audit import seals
from webapp.core.errors import DomainError

NAME = "timeline-{first}-{last}.jsonl.gz"
ANY = "timeline-*.jsonl.gz"
CHECKSUM = ".sha256"
PRIVATE = 0o600
BLOCK = 1024 * 1024

# What each seal of a file has for its digest, computed from the events there.
Digests = dict[int, str]


class ArchiveFailed(DomainError):
    """A file could not be written, or does not hold what it should. The text says why."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file that holds what it should."""

    path: Path
    sha256: str


def keep(folder: Path, due: Sequence[Row[Any]]) -> Archive:
    """Put the events of these seals into a file of the folder, and read it again.

    One that an earlier try left behind is used when it holds the same. Raises ``ArchiveFailed``,
    also when the events are not as they were sealed.
    """
    target = folder / NAME.format(first=due[0].id, last=due[-1].id)
    with _in_words():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not target.exists():
            # In the same folder, so that the file can be given its name in one step.
            with TemporaryDirectory(prefix=".unfinished-", dir=folder) as scratch:
                draft = Path(scratch, target.name)
                _write(draft, due)
                _compare(draft, due)
                draft.rename(target)
        _compare(target, due)
        sha256 = _sum_of(target)
        target.with_name(target.name + CHECKSUM).write_text(f"{sha256}  {target.name}\n")
        _settle(folder)
    return Archive(target, sha256)


def in_folder(folder: Path) -> Digests:
    """What all files of a folder hold. Raises ``ArchiveFailed`` for one that is damaged."""
    found: Digests = {}
    with _in_words():
        for path in sorted(folder.glob(ANY)):
            found |= digests_in(path)
    return found


def digests_in(path: Path) -> Digests:
    """The digest of each seal of a file, computed from its events."""
    try:
        with gzip.open(path, "rb") as file:
            file.readline()
            return dict(_digests(file))
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError):
        raise ArchiveFailed(f"{path} is damaged, or no archive of the timeline.") from None


def _digests(file: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    lines = iter(file)
    for line in lines:
        made = json.loads(line)
        _, digest = seals.digest_of_lines(made["sealed"], islice(lines, made["events"]))
        yield made["seal"], digest


def _write(draft: Path, due: Sequence[Row[Any]]) -> None:
    """On the disk when this returns, and nobody else's to read."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as raw:
        # Without a time in it, so that the same events make the same file.
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
            file.write(_line({"columns": [column.name for column in seals.COLUMNS]}))
            for made in due:
                told = {"seal": made.id, "events": made.events, "sealed": seals.head_of(made)}
                file.write(_line(told | {"digest": made.digest}))
                events = seals.events_between(made.first_id - 1, made.last_id)
                file.writelines(map(seals.canonical, events))
        raw.flush()
        os.fsync(raw.fileno())


def _compare(path: Path, due: Sequence[Row[Any]]) -> None:
    found = digests_in(path)
    for made in due:
        if found.get(made.id) != made.digest:
            raise ArchiveFailed(
                f"The events of seal {made.id} are not as they were sealed, or {path} was there "
                "before and holds others. Nothing was dropped. See: flask audit verify"
            )


def _settle(folder: Path) -> None:
    """Have the names in it on the disk as well, before anything is dropped."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what the system refuses, such as a full disk, as a sentence."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ArchiveFailed(f"The archive: {error.strerror or error}{where}.") from None
