"""Putting a backup in the place of what a database holds, so that nothing happens twice.

On PostgreSQL all of it is one transaction. On SQLite it is done to a draft beside the file, which
then replaces the file's content in one. Either way a restore that fails has changed nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from flask import current_app
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, create_engine, inspect, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from webapp.audit.service import Actor
from webapp.auth.models import OperatorSession
from webapp.bulk import queries as bulk_queries
from webapp.bulk import service as bulk
from webapp.bulk.models import BulkJob
from webapp.core.db import db, engine_options
from webapp.notices import sending
from webapp.ops import backup, locked
from webapp.ops.backup import SQLITE
from webapp.ops.copies import archive, postgresql, sqlite
from webapp.ops.copies.archive import BackupFailed, Manifest
from webapp.people import after_restore as ways_in
from webapp.sync import after_restore
from webapp.sync.after_restore import Doubts
from webapp.sync.lead import is_somebody_leading

HELD = "restored from a backup of {:%Y-%m-%d %H:%M} UTC: look first, then release"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what was done so that nothing is done twice.

    ``closed``: secrets in it, in words, that no key of this installation opens. ``tokens``: names
    of those that open something, which may have been revoked since.
    """

    manifest: Manifest
    upgraded_to: str
    held: int
    doubts: Doubts
    paused_jobs: int
    invitations: int
    codes: int
    tokens: Sequence[str]
    closed: list[str]


def name_of(url: str) -> str:
    """The name to be typed before a database is replaced."""
    return Path(make_url(url).database or "").name


def is_in_use() -> str | None:
    """What the database holds that a restore would replace, in words."""
    url: str = current_app.config["SQLALCHEMY_DATABASE_URI"]
    used = sorted(name for name, rows in _rows_at(url).items() if rows)
    if not used:
        return None
    return f"The database {name_of(url)} is not empty: there are rows in {used[0]}."


def _rows_at(url: str) -> dict[str, int]:
    address = make_url(url)
    if address.get_backend_name() != SQLITE:
        with postgresql.snapshot(url) as connection:
            return postgresql.rows_of(connection, postgresql.columns_of(connection))
    path = Path(address.database or "")
    if not path.exists():
        return {}
    with sqlite.in_words(path), closing(sqlite.connect(path)) as file:
        return sqlite.rows_of(file)


def restore(actor: Actor, file: Path, now: datetime) -> Restored:
    """Replace everything in the database by what the backup holds. Raises ``BackupFailed``.

    Whether it may be replaced is for the caller to ask.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    url: str = current_app.config["SQLALCHEMY_DATABASE_URI"]
    with archive.in_words("The restore"), _refused_in_words():
        _refuse_while_led()
        db.session.remove()
        with TemporaryDirectory(prefix=".restoring-", dir=_room(url)) as scratch:
            archive.compare_checksum(file)
            manifest = backup.verify(file, Path(scratch))
            _check_kind(manifest, url)
            if manifest.database == SQLITE:
                return _restore_file(actor, file, manifest, Path(scratch), now)
            return _restore_tables(actor, file, manifest, now)


def _room(url: str) -> Path:
    """Where a draft is made: on the same disk as the file."""
    address = make_url(url)
    if address.get_backend_name() == SQLITE:
        return Path(address.database or "").parent
    folder: Path = current_app.config["SETTINGS"].instance_dir
    return folder


def _check_kind(manifest: Manifest, url: str) -> None:
    if manifest.database != make_url(url).get_backend_name():
        raise BackupFailed(
            f"This is a backup of {manifest.database}; the database is another kind. "
            "Set DATABASE_URL to one of that kind."
        )
    if manifest.revision not in {each.revision for each in _scripts().walk_revisions()}:
        raise BackupFailed(
            f"This backup was made by a newer version of Flightdeck (migration "
            f"{manifest.revision}). Install that version first."
        )


def _refuse_while_led() -> None:
    with db.engine.connect() as connection:
        is_made = inspect(connection).has_table("lease")
    if is_made and is_somebody_leading():
        raise BackupFailed(
            "A worker is at work on this database. Stop web and worker processes first; "
            "after one that was killed, wait 20 seconds."
        )


def _restore_file(
    actor: Actor, file: Path, manifest: Manifest, scratch: Path, now: datetime
) -> Restored:
    draft = scratch / "draft.db"
    with archive.opened(file) as opened:
        archive.unpack(opened, sqlite.MEMBER, draft)
    address = f"sqlite:///{draft}"
    engine = create_engine(address, **engine_options(address))
    try:
        with engine.connect() as connection:
            _upgrade(connection, "head")
        with engine.begin() as connection:
            done = _made_safe(actor, connection, manifest, now)
    finally:
        engine.dispose()
    live = Path(make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).database or "")
    # What this process has open would keep it from being replaced.
    db.engine.dispose()
    sqlite.copy_in(draft, live)
    return done


def _restore_tables(actor: Actor, file: Path, manifest: Manifest, now: datetime) -> Restored:
    with db.engine.begin() as connection, archive.opened(file) as opened:
        driver: Any = connection.connection.driver_connection
        with postgresql.in_words():
            postgresql.wipe(driver)
        _upgrade(connection, manifest.revision)
        with postgresql.in_words():
            postgresql.load(driver, opened, manifest, _in_order(connection))
        _upgrade(connection, "head")
        return _made_safe(actor, connection, manifest, now)


def _in_order(connection: Connection) -> list[str]:
    """The tables, each after those that its rows refer to."""
    found = inspect(connection).get_sorted_table_and_fkc_names()
    return [name for name, _ in found if name and name != "alembic_version"]


def _upgrade(connection: Connection, revision: str) -> None:
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _made_safe(actor: Actor, connection: Connection, manifest: Manifest, now: datetime) -> Restored:
    """Before anybody else can see the restored rows, see to it that they do no harm."""
    with _session_on(connection):
        held = after_restore.hold_everything(actor, HELD.format(manifest.made_at))
        after_restore.end_claims(now)
        after_restore.forget_failures()
        doubts = after_restore.doubt_everything(now)
        paused = _pause_jobs(actor)
        _end_sessions(now)
        withdrawn = ways_in.withdraw_invitations(actor)
        codes = ways_in.discard_recovery_codes(actor)
        tokens = ways_in.live_tokens(now)
        sending.give_up_all(now, "It waited in a backup and may have been sent since.")
        after_restore.ask_for_pulls(actor)
        closed = locked.closed()
        db.session.commit()
    head = _scripts().get_current_head() or ""
    return Restored(manifest, head, held, doubts, paused, withdrawn, codes, tokens, closed)


def _pause_jobs(actor: Actor) -> int:
    """What they still had to do may have been done since: somebody looks before they go on."""
    paused = 0
    while (job_id := bulk_queries.next_job()) is not None:
        bulk.pause(actor, db.session.get_one(BulkJob, job_id))
        paused += 1
    return paused


def _end_sessions(now: datetime) -> None:
    ended = update(OperatorSession).where(OperatorSession.ended_at.is_(None))
    db.session.execute(ended.values(ended_at=now))


class _Within(Session):
    """A session of one connection, in the transaction that this is in."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(db, join_transaction_mode="create_savepoint")
        self._connection = connection

    def get_bind(self, *_: object, **_more: object) -> Connection:
        return self._connection


@contextmanager
def _session_on(connection: Connection) -> Iterator[None]:
    """Services work within the restore's own transaction."""
    db.session.remove()
    db.session.registry.set(_Within(connection))
    try:
        yield
    finally:
        db.session.remove()


@contextmanager
def _refused_in_words() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        reason = (str(error.orig).strip().splitlines() or ["it gives no reason"])[0]
        raise BackupFailed(f"The database refuses: {reason}.") from error


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(current_app.extensions["migrate"].directory)
