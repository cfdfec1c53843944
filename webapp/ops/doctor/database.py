"""Whether the database can be used: there, open to us, whole, at our migration, and on time.

Asked on a connection of its own, which only reads. A file is looked at before anything else opens
it, for whoever opens one that is not there makes it.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url

from webapp.core.config import Settings
from webapp.ops.copies import postgresql, sqlite
from webapp.ops.doctor.findings import Finding, broken, ok, warning

MIGRATIONS = Path(__file__).parents[3] / "migrations"
MIGRATE = "Run: flask db upgrade"
RESTORE = "Stop everything, keep a copy of the file, and restore the last backup."
# A larger file is read once, not compared with each of its indexes.
LARGE = 1024**3
APART = timedelta(seconds=5)
SEARCH_TRIGGERS = {f"campaign_search_{verb}" for verb in ("insert", "delete", "update")}
KEEPING = {f"audit_{what}_{verb}" for what in ("event", "seal") for verb in ("update", "delete")}
# The migration that made them.
KEEPING_SINCE = "0012"
TALLYING = {f"campaign_tally_{verb}" for verb in ("insert", "delete", "update")}
TALLYING_SINCE = "0014"
TALLIED = (
    "SELECT kept.*, there.* FROM "
    "(SELECT coalesce(sum(campaigns), 0), coalesce(sum(archived), 0) FROM campaign_tally) kept, "
    "(SELECT count(*), count(archived_at) FROM campaign) there"
)
SAMPLE = 200
SAMPLED = (
    "WITH picked AS (SELECT id, search_text FROM campaign WHERE length(search_text) >= 3 AND "
    "id % (SELECT 1 + max(id) / :many FROM campaign) = 0) SELECT count(*) FROM picked "
    "WHERE NOT EXISTS (SELECT 1 FROM campaign_search WHERE campaign_search MATCH "
    "'\"' || replace(picked.search_text, '\"', '\"\"') || '\"' AND rowid = picked.id)"
)


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Everything that can be said without our own tables being as we know them."""
    url = make_url(settings.sqlalchemy_url)
    if url.get_backend_name() == "sqlite":
        return _file(Path(url.database or ""))
    return _server(url, now)


def _file(path: Path) -> list[Finding]:
    if not path.exists():
        words = f"there is no database at {path}"
        fix = "Is DATABASE_URL or INSTANCE_DIR another one? For a new one, run: flask db upgrade"
        return [broken("database", words, fix)]
    try:
        with closing(sqlite.connect(path)) as connection:
            connection.execute("PRAGMA query_only=ON")
            return _found_in(path, connection)
    except sqlite3.Error as error:
        return [broken("database", f"{path} cannot be used: {error}", RESTORE)]


def _found_in(path: Path, connection: sqlite3.Connection) -> list[Finding]:
    found = [ok("database", f"{path} answers"), *_whole(path, connection)]
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "alembic_version" not in tables:
        return [*found, _never_migrated()]
    revision = sqlite.revision_of(connection)
    found += _migration(revision)
    missing = sorted(_wanted(revision) - tables)
    if missing:
        return [*found, _missing(missing)]
    if "campaign_search" in tables:
        found.append(_search(connection))
    return found


def _whole(path: Path, connection: sqlite3.Connection) -> list[Finding]:
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        words = f"{path} is not in WAL mode but in {mode}, so readers and writers block each other"
        fix = "Keep it on a local disk, not on a network drive; the next start sets the mode."
        return [broken("file", words, fix)]
    check = "PRAGMA quick_check(1)" if path.stat().st_size > LARGE else "PRAGMA integrity_check(1)"
    said = connection.execute(check).fetchone()[0]
    if said != "ok":
        return [broken("file", f"{path} is damaged: {said}", RESTORE)]
    return [ok("file", "it is whole, and in WAL mode")]


def _search(connection: sqlite3.Connection) -> Finding:
    """By a sample: each of these campaigns has to be found by its own text."""
    lost = connection.execute(SAMPLED, {"many": SAMPLE}).fetchone()[0]
    if lost:
        words = f"{lost} of about {SAMPLE} campaigns are not found by their own words"
        fix = "Run in the database: INSERT INTO campaign_search(campaign_search) VALUES('rebuild')"
        return broken("search", words, fix)
    return ok("search", "campaigns are found by their words")


def _wanted(revision: str) -> set[str]:
    """The triggers that a database of this migration has."""
    wanted = set(SEARCH_TRIGGERS) if revision >= "0002" else set()
    return wanted | KEEPING if revision >= KEEPING_SINCE else wanted


def _missing(names: Sequence[str]) -> Finding:
    words = f"what migrations made is gone: {', '.join(names)}"
    fix = "Restore the last backup, which makes all of it anew; find out who dropped it."
    return broken("triggers", words, fix)


def _server(url: URL, now: datetime) -> list[Finding]:
    where = f"{url.host or 'this machine'}:{url.port or 5432}"
    try:
        with postgresql.connect(url.render_as_string(hide_password=False)) as connection:
            connection.read_only = True
            found = [ok("database", f"{url.database} at {where} answers")]
            return found + _found_at(connection, now)
    except psycopg.OperationalError as error:
        return [_refused(str(error), url, where)]
    except psycopg.Error as error:
        return [broken("database", f"it cannot be asked: {_first_line(error)}", MIGRATE)]


def _refused(said: str, url: URL, where: str) -> Finding:
    if "password" in said or "authentication" in said:
        words = f"the server at {where} refuses the user {url.username} or the password"
        return broken("database", words, "Put the right user and password into DATABASE_URL.")
    if "does not exist" in said:
        words = f"the server at {where} has no database {url.database}, or no user {url.username}"
        return broken("database", words, "Make it, or mend its name in DATABASE_URL.")
    words = f"no database server answers at {where}"
    fix = "Start it, or mend host and port in DATABASE_URL; does a firewall stand between?"
    return broken("database", words, fix)


def _found_at(connection: postgresql.Driver, now: datetime) -> list[Finding]:
    found = [_clock(connection, now)]
    is_made = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if not is_made or is_made[0] is None:
        return [*found, _never_migrated()]
    revision = postgresql.revision_of(connection)
    found += _migration(revision)
    present = {
        name
        for (name,) in connection.execute(
            "SELECT tgname FROM pg_trigger UNION SELECT c.relname FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid"
        )
    }
    wanted = {"ix_campaign_search"} if revision >= "0002" else set()
    wanted |= KEEPING if revision >= KEEPING_SINCE else set()
    wanted |= TALLYING if revision >= TALLYING_SINCE else set()
    missing = sorted(wanted - present)
    if missing:
        return [*found, _missing(missing)]
    return [*found, _tally(connection)] if revision >= TALLYING_SINCE else found


def _tally(connection: postgresql.Driver) -> Finding:
    """By one statement, so that both numbers are of one moment."""
    found = connection.execute(TALLIED).fetchone()
    kept, kept_archived, there, archived = found or (0, 0, 0, 0)
    if (kept, kept_archived) == (there, archived):
        return ok("tally", "as many campaigns are kept count of as there are")
    words = (
        f"the list goes by {kept:,} campaigns, {kept_archived:,} of them archived; "
        f"there are {there:,} and {archived:,}"
    )
    return broken("tally", words, "Run in the database: SELECT campaign_tally_anew()")


def _clock(connection: postgresql.Driver, now: datetime) -> Finding:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    apart = now - (row[0] if row else now).astimezone(UTC)
    return clock("this machine's clock", apart)


def clock(whose: str, apart: timedelta) -> Finding:
    """A verdict on a clock that is so far ahead of the database's; behind it when negative."""
    seconds = abs(apart.total_seconds())
    if abs(apart) <= APART:
        return ok("clock", f"{whose} and the database's agree")
    side = "ahead of" if apart > timedelta(0) else "behind"
    words = f"{whose} is {seconds:,.0f} seconds {side} the database's"
    return broken("clock", words, "Have both set by NTP, then start web and worker again.")


def _never_migrated() -> Finding:
    return broken("migrations", "the database has no tables yet", MIGRATE)


def _migration(revision: str) -> list[Finding]:
    scripts = ScriptDirectory(MIGRATIONS)
    head = scripts.get_current_head()
    if revision == head:
        return [ok("migrations", f"at {head}")]
    if revision in {each.revision for each in scripts.walk_revisions()}:
        return [broken("migrations", f"the database is at {revision}, and we need {head}", MIGRATE)]
    words = f"the database is at {revision}, which this version, at {head}, does not know"
    return [warning("migrations", words, "Bring in the newer version, unless that is under way.")]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
