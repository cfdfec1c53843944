"""Copies of a PostgreSQL database, by COPY within one snapshot: every table as it is at one moment.

No program of PostgreSQL's own is needed, which a web host seldom has, and never in the server's
version. Tables are not copied but made anew, by our migrations.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from webapp.ops.copies.archive import CHUNK, BackupFailed, Manifest, adding

CONNECT_SECONDS = 10
# Whoever has the tables in hand for longer is a process that should have been stopped.
LOCK_WAIT = "30s"
TABLES = (
    "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "AND a.attgenerated = '' WHERE c.relnamespace = current_schema()::regnamespace "
    "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version' "
    "GROUP BY c.relname ORDER BY c.relname"
)
SEQUENCES = (
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() "
    "AND last_value IS NOT NULL ORDER BY sequencename"
)
# Those that came with an extension belong to it.
ROUTINES = (
    "SELECT p.oid::regprocedure::text FROM pg_proc p "
    "WHERE p.pronamespace = current_schema()::regnamespace AND NOT EXISTS "
    "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
)

# What SQLAlchemy or psycopg gives; we need no more of it than to run statements.
Driver = psycopg.Connection[Any]


def connect(url: str) -> Driver:
    address = make_url(url)
    # By names: in an address of the driver's own, a password would have to be written otherwise.
    named = address.translate_connect_args(username="user", database="dbname")
    return psycopg.connect(**{"connect_timeout": CONNECT_SECONDS, **named, **address.query})


@contextmanager
def in_words() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise BackupFailed("The database is in use: stop web and worker processes first.") from None
    except psycopg.Error as error:
        reason = (str(error).strip().splitlines() or ["it gives no reason"])[0]
        raise BackupFailed(f"The database refuses: {reason}.") from None


@contextmanager
def snapshot(url: str) -> Iterator[Driver]:
    """Everything read inside is of one moment, whatever is written meanwhile."""
    with in_words(), connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection
        connection.rollback()


def revision_of(connection: Driver) -> str:
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if not found:
        raise BackupFailed("The database has no tables yet. There is nothing to back up.")
    return str(found[0])


def columns_of(connection: Driver) -> dict[str, list[str]]:
    """The columns of each table, in their order; generated ones are left out."""
    return dict(connection.execute(TABLES).fetchall())


def rows_of(connection: Driver, tables: Iterable[str]) -> dict[str, int]:
    return {name: _count(connection, name) for name in tables}


def _count(connection: Driver, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def sequences_of(connection: Driver) -> dict[str, int]:
    return dict(connection.execute(SEQUENCES).fetchall())


def member_of(table: str) -> str:
    return f"tables/{table}.copy"


def copy_out(connection: Driver, archive: zipfile.ZipFile, table: str, columns: list[str]) -> None:
    """Add one table to the archive, as lines of PostgreSQL's text format."""
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        _names(columns), sql.Identifier(table)
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(query) as lines,
        adding(archive, member_of(table)) as member,
    ):
        for block in lines:
            member.write(block)


def check(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Raises ``BackupFailed`` unless every table can be read, and has the rows that it should."""
    for table, rows in manifest.rows.items():
        with archive.open(member_of(table)) as member:
            # A line feed inside a value is written in two other characters.
            found = sum(block.count(b"\n") for block in iter(lambda: member.read(CHUNK), b""))
        if found != rows:
            raise BackupFailed(
                f"The copy of {table} has {found:,} rows instead of {rows:,}. It is of no use."
            )


def wipe(connection: Driver) -> None:
    """Drop every table and routine of the schema, in the caller's transaction."""
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
    names = [*columns_of(connection), "alembic_version"]
    for name in names:
        drop = sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(name))
        connection.execute(drop)
    for (signature,) in connection.execute(ROUTINES).fetchall():
        # As the catalogue writes it: quoted where it must be, with its arguments.
        connection.execute(sql.SQL("DROP ROUTINE {} CASCADE").format(sql.SQL(signature)))


def load(
    connection: Driver, archive: zipfile.ZipFile, manifest: Manifest, order: Sequence[str]
) -> None:
    """Fill the tables of the same migration, in an order in which what is referred to is there.

    In the caller's transaction. Triggers do nothing meanwhile: their work is in the rows already.
    """
    missing = set(manifest.rows) ^ set(order)
    if missing:
        raise BackupFailed(f"The backup and its migration differ in: {', '.join(sorted(missing))}.")
    _switch_triggers(connection, order, "DISABLE")
    # What migrations themselves have put there is in the backup too.
    for table in reversed(order):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    for table in order:
        _copy_in(connection, archive, table, manifest.columns[table])
    _switch_triggers(connection, order, "ENABLE")
    for name, value in manifest.sequences.items():
        connection.execute(
            "SELECT setval(to_regclass(%s), %s)", (sql.Identifier(name).as_string(None), value)
        )
    if rows_of(connection, order) != manifest.rows:
        raise BackupFailed("Not every row has arrived. Nothing was changed.")
    # Until the planner knows how many there are, it takes each table for nearly empty.
    connection.execute("ANALYZE")


def _copy_in(connection: Driver, archive: zipfile.ZipFile, table: str, columns: list[str]) -> None:
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with (
        archive.open(member_of(table)) as member,
        connection.cursor() as cursor,
        cursor.copy(query) as lines,
    ):
        while block := member.read(CHUNK):
            lines.write(block)


def _switch_triggers(connection: Driver, tables: Iterable[str], to: str) -> None:
    for table in tables:
        connection.execute(
            sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table), sql.SQL(to))
        )


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
