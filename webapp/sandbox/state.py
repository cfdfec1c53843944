"""The sandbox's records: opening and filling the state file, and reading from it.

Each row keeps its rendered JSON, so a page of 500 is read and joined, not built. The order of each
list is also kept in memory, which makes the last page as cheap as the first. Writing is in
``writes``.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.clock import Clock, utc_now
from webapp.sandbox import records, schema
from webapp.sandbox.ids import to_ms
from webapp.sandbox.records import Record, Row
from webapp.sandbox.seed import Plan, campaigns, sellers

KINDS = ("agencies", "advertisers", "campaigns")
INSERT = (
    "INSERT INTO records (kind, id, advertiser_id, updated_at, words, body)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


class State:
    """The state file, opened. Every method may be called from any thread."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self._lock = threading.RLock()
        self._held = schema.lock_file(path)
        self._clock = clock
        self.order: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self.db = schema.connect(path)
        if self.seeded:
            self._load_order()

    @property
    def seeded(self) -> bool:
        return bool(self._meta())

    @property
    def organization(self) -> str:
        """The id of the one organisation in this file."""
        return self._meta()["organization"]

    def _meta(self) -> dict[str, str]:
        with self._lock:
            return schema.read_meta(self.db)

    def now_ms(self) -> int:
        """The time of day on the stand-in's clock."""
        return to_ms(self._clock())

    def close(self) -> None:
        """Let go of the file, for good: other threads that still want it wait in vain."""
        self._lock.acquire()
        self.db.close()
        if self._held:
            self._held.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Read and write as one; nobody else does either meanwhile. Not to be nested."""
        with self._lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                self.db.execute("ROLLBACK")
                self._load_order()
                raise

    def _load_order(self) -> None:
        self.order = {kind: [] for kind in KINDS}
        if self.seeded:
            for kind, position in self.db.execute(
                "SELECT kind, position FROM records ORDER BY position"
            ):
                self.order[kind].append(position)

    def reset(self, plan: Plan) -> None:
        """Forget everything, the log of writes included, and fill the file anew."""
        with self.transaction():
            schema.create_tables(self.db)
            self.db.executemany(INSERT, _rows(plan))
            schema.create_indexes(self.db)
            meta = {"version": schema.VERSION, "organization": plan.organization}
            self.db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            self._load_order()

    def total(self, kind: str) -> int:
        """How many there are."""
        with self._lock:
            return len(self.order[kind])

    def positions(self, kind: str) -> list[int]:
        """The list's order, newest first, as numbers that stay with their rows."""
        with self._lock:
            return self.order[kind][::-1]

    def page(self, kind: str, offset: int, limit: int) -> list[str]:
        """That part of a list, newest first, each row as its JSON text."""
        with self._lock:
            order = self.order[kind]
            end = len(order) - max(0, offset)
            part = order[max(0, end - limit) : end] if end > 0 else []
            if not part:
                return []
            rows = self.db.execute(
                "SELECT body FROM records WHERE +kind = ? AND position BETWEEN ? AND ?"
                " ORDER BY position DESC",
                (kind, part[0], part[-1]),
            ).fetchall()
        return [body for (body,) in rows]

    def rows_at(self, positions: list[int]) -> list[str]:
        """The rows with these numbers, in that order."""
        query = "SELECT body FROM records WHERE position = ?"
        with self._lock:
            return [self.db.execute(query, (each,)).fetchone()[0] for each in positions]

    def records_at(self, positions: list[int]) -> list[Record]:
        """The same, as records."""
        return [records.parse(row) for row in self.rows_at(positions)]

    def ids(self, kind: str) -> list[tuple[int, str]]:
        """Every position and id of a list, newest first."""
        with self._lock:
            return self.db.execute(
                "SELECT position, id FROM records WHERE +kind = ? ORDER BY position DESC", (kind,)
            ).fetchall()

    def find(self, kind: str, record_id: str) -> Record | None:
        """One agency, advertiser or campaign by its id."""
        found = self._by_id(kind, record_id)
        return records.parse(found[1]) if found else None

    def position_of(self, kind: str, record_id: str) -> int | None:
        """The number of that row."""
        found = self._by_id(kind, record_id)
        return found[0] if found else None

    def _by_id(self, kind: str, record_id: str) -> tuple[int, str] | None:
        query = "SELECT position, body FROM records WHERE id = ? AND kind = ?"
        with self._lock:
            found: tuple[int, str] | None = self.db.execute(
                query, (record_id.lower(), kind)
            ).fetchone()
        return found

    def holder_of(self, external_id: str) -> str | None:
        """The id of a campaign with exactly this external id."""
        query = "SELECT id FROM records WHERE kind = ? AND json_extract(body, '$.externalId') = ?"
        with self._lock:
            found = self.db.execute(query, ("campaigns", external_id)).fetchone()
        return str(found[0]) if found else None

    def search(self, kind: str, text: str, offset: int, limit: int) -> tuple[list[Record], int]:
        """Records whose words contain the text, newest change first, and how many in all."""
        wanted = (kind, text.casefold())
        with self._lock:
            rows = self.db.execute(
                "SELECT body FROM records WHERE kind = ? AND instr(words, ?)"
                " ORDER BY updated_at DESC, position DESC LIMIT ? OFFSET ?",
                (*wanted, limit, offset),
            ).fetchall()
            count = self._count(*wanted) if text else self.total(kind)
        return [records.parse(body) for (body,) in rows], count

    def _count(self, kind: str, text: str) -> int:
        query = "SELECT count(*) FROM records WHERE kind = ? AND instr(words, ?)"
        (count,) = self.db.execute(query, (kind, text)).fetchone()
        return int(count)

    def applied_writes(self, after: int = 0) -> list[Record]:
        """What took effect, oldest first, from the one after that number on."""
        with self._lock:
            found = self.db.execute(
                "SELECT * FROM applied_writes WHERE number > ? ORDER BY number", (after,)
            )
            names = [column[0] for column in found.description]
            writes = [dict(zip(names, row, strict=True)) for row in found]
        return [each | {"changed": each["changed"].split()} for each in writes]


def _rows(plan: Plan) -> Iterator[Row]:
    made = sellers(plan)
    for agency in made.agencies:
        yield records.seller_row("agencies", agency)
    for advertiser in made.advertisers:
        yield records.seller_row("advertisers", advertiser)
    for campaign in campaigns(plan, made):
        yield records.campaign_row(campaign)
