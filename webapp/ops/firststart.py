"""What must be there before anything is served: folder, lock, tables, the first operator."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog
from alembic import command
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import DatabaseError

from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.auth import passwords, queries
from webapp.auth import service as auth
from webapp.connections import service as connections
from webapp.core.config import Settings
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput

LAUNCHER = Actor("Flightdeck", "cli")
BUSY, UNUSABLE = 1, 2

log = structlog.get_logger()


class Problem(Exception):
    """Why there is no start, in words, and the exit status that says so."""

    def __init__(self, words: str, exit_status: int = UNUSABLE) -> None:
        super().__init__(words)
        self.exit_status = exit_status


@dataclass(frozen=True, slots=True)
class Account:
    """The first operator. ``password`` only when it was made here: it must be shown now."""

    email: str
    password: str | None


def prepare_folders(settings: Settings) -> None:
    """Make the folders that are missing, for nobody else to look into."""
    for name, folder in (("INSTANCE_DIR", settings.instance_dir), ("LOG_DIR", settings.logs)):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (folder / ".writable").open("wb"):
                (folder / ".writable").unlink()
        except OSError as error:
            reason = error.strerror or "it cannot be written to"
            raise Problem(f"{name}: {folder} cannot be used ({reason}).") from None


def hold_instance(folder: Path) -> IO[str]:
    """Keep this folder to ourselves until the file is closed, however this process ends."""
    lock = (folder / "launcher.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise Problem(
            f"Flightdeck is running already on {folder} (process {holder}). "
            "Stop it first, or set INSTANCE_DIR to another folder.",
            BUSY,
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextmanager
def database_in_words() -> Iterator[None]:
    """What the database refuses becomes a ``Problem``."""
    try:
        yield
    except DatabaseError as error:
        log.exception("database_failed")
        reason = (str(error.orig).strip().splitlines() or ["it gives no reason"])[0]
        raise Problem(f"The database cannot be used: {reason}") from None


def migrate() -> None:
    """Bring the database's tables up to date."""
    config = current_app.extensions["migrate"].migrate.get_config()
    try:
        with database_in_words():
            command.upgrade(config, "head")
    except CommandError as error:
        log.exception("migration_failed")
        raise Problem(
            f"The database cannot be brought up to date: {error}. "
            "Was it used by a newer version of Flightdeck?"
        ) from None


def connect(settings: Settings) -> None:
    """Make the settings' ad-server account the one that is shown and synced."""
    with database_in_words(), transaction():
        connections.connect_from_settings(LAUNCHER, settings)


def create_first_operator(settings: Settings) -> Account | None:
    """Someone who can sign in; ``None`` when there is one already."""
    given = settings.first_operator_password
    password = given.get_secret_value() if given else passwords.random()
    with database_in_words(), transaction():
        if queries.any_operator():
            return None
        try:
            operator = auth.create_operator(settings.first_operator_email, password)
        except InvalidInput as problem:
            # The rest of it was looked at with the settings.
            raise Problem(f"FIRST_OPERATOR_PASSWORD: {problem}") from None
        audit.record(LAUNCHER, "created", Subject("operator", operator.id, operator.email))
        return Account(operator.email, None if given else password)


def kept_secret(path: Path) -> str:
    """A random secret, made once and kept in a file that only we can read."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")
