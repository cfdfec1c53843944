"""Run in a fresh process: fills an instance with campaigns, by SQL and not by a pull.

Made up by number, so that every run has the same: a word that a fifth of all have, one that ten
have, an advertiser with every twentieth campaign, a tenth without a budget, some archived.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from benchmarks.instance import ADVERTISERS, AGENCIES
from tests.support.databases import application
from webapp.advertisers.models import Advertiser, Agency
from webapp.auth.models import Operator
from webapp.campaigns.keys import derived_columns
from webapp.campaigns.models import CONFIRMED, NEEDS_YOU, Campaign
from webapp.connections.models import Connection
from webapp.core.config import load_settings
from webapp.core.db import Base, db

COMMON, RARE, NO_HIT = "podcast", "marmalade", "xqzvwkjy"
RARE_HITS, COMMON_EACH = 10, 5
LARGEST_EACH = 20
BATCH = 10_000
START = datetime(2026, 1, 1, tzinfo=UTC)
SEASONS = ("Spring", "Summer", "Autumn", "Winter", "Launch", "Relaunch", "Always on")
WARES = ("Coffee", "Insurance", "Shoes", "Mattress", "Streaming", "Bank", "Meal kit", "Travel")
CURRENCIES = ("USD", "USD", "USD", "EUR", "GBP", "JPY")


def main() -> None:
    number = int(sys.argv[1])
    settings = load_settings(log_level="WARNING")
    with application(settings):
        if db.session.scalar(select(Campaign.id).limit(1)) is None:
            fill(number)
    print(json.dumps({"campaigns": number}))


def fill(number: int) -> None:
    """Add so many campaigns; indexes are made anew afterwards, which is quicker."""
    advertisers = _make_advertisers()
    names = dict(advertisers)
    ids = list(names)
    connection = db.session.scalars(select(Connection.id)).one()
    owner = db.session.scalars(select(Operator.id)).one()
    indexes = list(Base.metadata.tables["campaign"].indexes)
    for index in indexes:
        index.drop(db.session.connection())
    again = _without_triggers()
    batch: list[dict[str, Any]] = []
    for row in _rows(number, connection, owner, ids, names):
        batch.append(row)
        if len(batch) == BATCH:
            db.session.execute(insert(Campaign), batch)
            batch = []
    if batch:
        db.session.execute(insert(Campaign), batch)
    for index in indexes:
        index.create(db.session.connection())
    for statement in again:
        db.session.execute(text(statement))
    db.session.commit()
    settle()


def settle() -> None:
    """What the worker does after many came, and PostgreSQL by itself, so that the planner knows."""
    if db.engine.dialect.name != "postgresql":
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        return
    db.session.remove()
    with db.engine.connect() as connection:
        # Past SQLAlchemy, which would begin a transaction.
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        # What is not on the disk yet cannot be marked as settled, and indexes alone would not do.
        driver.execute("SET synchronous_commit = on")
        driver.execute("VACUUM ANALYZE")


def _without_triggers() -> list[str]:
    """Take away what keeps search index and tally; gives the statements that bring them back."""
    if db.engine.dialect.name == "postgresql":
        found = text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_campaign_search'")
        again = list(db.session.scalars(found))
        db.session.execute(text("DROP INDEX ix_campaign_search"))
        db.session.execute(text("ALTER TABLE campaign DISABLE TRIGGER USER"))
        tally = "SELECT campaign_tally_anew()"
        return [*again, "ALTER TABLE campaign ENABLE TRIGGER USER", tally]
    kept = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = [(row.name, row.sql) for row in db.session.execute(kept)]
    search = [(name, sql) for name, sql in triggers if name.startswith("campaign_search")]
    for name, _ in search:
        db.session.execute(text(f"DROP TRIGGER {name}"))
    rebuild = "INSERT INTO campaign_search (campaign_search) VALUES ('rebuild')"
    return [rebuild, *[sql for _, sql in search]]


def _make_advertisers() -> list[tuple[int, str]]:
    connection = db.session.scalars(select(Connection.id)).one()
    common = {"connection_id": connection, "fingerprint": "", "synced_at": START}
    db.session.execute(
        insert(Agency),
        [common | {"remote_id": f"a{n}", "name": f"Agency {n}"} for n in range(AGENCIES)],
    )
    agencies = list(db.session.scalars(select(Agency.id).order_by(Agency.id)))
    rows = [
        common
        | {
            "remote_id": f"b{n}",
            "name": f"Advertiser {n}",
            "name_key": f"advertiser {n}",
            "agency_id": agencies[n % len(agencies)],
        }
        for n in range(ADVERTISERS)
    ]
    db.session.execute(insert(Advertiser), rows)
    query = select(Advertiser.id, Advertiser.name).order_by(Advertiser.id)
    return [(row.id, row.name) for row in db.session.execute(query)]


def jumping(n: int) -> int:
    """A number that jumps about, and is the same in each run."""
    return (n * 2_654_435_761) % 2**32


def title_of(n: int, number: int) -> str:
    """The title of one of so many campaigns."""
    mixed = jumping(n)
    title = f"{SEASONS[mixed % 7]} {WARES[mixed // 7 % 8]} {n}"
    title += f" {COMMON}" if n % COMMON_EACH == 0 else ""
    return title + (f" {RARE}" if n % max(1, number // RARE_HITS) == 0 else "")


def _rows(
    number: int, connection: int, owner: int, advertisers: list[int], names: dict[int, str]
) -> Iterator[dict[str, Any]]:
    for n in range(number):
        mixed = jumping(n)
        advertiser = advertisers[0 if n % LARGEST_EACH == 0 else mixed % len(advertisers)]
        title = title_of(n, number)
        minor = None if mixed % 10 == 0 else mixed % 5_000_000
        currency = None if minor is None else CURRENCIES[mixed // 11 % 6]
        changed = START + timedelta(seconds=mixed % (326 * 86_400))
        yield {
            "uuid": UUID(int=mixed << 64 | n),
            "connection_id": connection,
            "remote_id": f"r{n}",
            "title": title,
            "advertiser_id": advertiser,
            "external_id": f"IO-{mixed % 1_000_000}",
            "total_budget_minor": minor,
            "total_budget_currency": currency,
            "copy_needed": mixed % 13 == 0,
            "total_revenue_minor": mixed % 3_000_000,
            "total_revenue_currency": "USD",
            "duration_seconds": 86_400 * (mixed % 90),
            "booking_source": ("api", "web", None)[mixed % 3],
            "remote_created_at": changed - timedelta(days=mixed % 60),
            "remote_updated_at": changed,
            "archived_at": changed if mixed % 29 == 0 else None,
            "created_at": changed,
            "changed_at": changed,
            "owner_id": owner if mixed % 200 == 0 else None,
            "owner_key": "bench@example.com" if mixed % 200 == 0 else "",
            "sync_state": NEEDS_YOU[mixed % 3] if mixed % 1_000 == 1 else CONFIRMED,
            "synced_at": changed,
            "base": None,
            "fingerprint": "",
            **derived_columns(title, f"IO-{mixed % 1_000_000}", names[advertiser], minor, currency),
        }


if __name__ == "__main__":
    main()
