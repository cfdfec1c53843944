"""Files as spreadsheets write them, and campaigns to be written into files, without a database."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from webapp.exchange.columns import HEADINGS
from webapp.exchange.facts import Buyer, Facts, Known
from webapp.exchange.writing import as_file, line_of

ACME = Buyer(7, "Acme", "Harbor")
KNOWN = Known(
    {7: ACME, 8: Buyer(8, "Twin", "Harbor"), 9: Buyer(9, "Twin", "Quay")},
    {"acme": [ACME], "twin": [Buyer(8, "Twin", "Harbor"), Buyer(9, "Twin", "Quay")]},
    {"owner@example.com": 3, "other@example.com": 4},
)
CAMPAIGN = Facts(
    id=1,
    uuid="00000000-0000-4000-8000-000000000001",
    version=5,
    title="Spring",
    advertiser_id=7,
    advertiser_name="Acme",
    agency_name="Harbor",
    external_id="IO-7",
    total_budget_minor=500_000,
    total_budget_currency="USD",
    copy_needed=False,
    owner_id=3,
    owner_email="owner@example.com",
    notes="Call first",
    sync_state="confirmed",
    sync_detail=None,
    total_revenue_minor=None,
    total_revenue_currency=None,
    duration_seconds=None,
    booking_source="api",
    remote_id="r1",
    remote_created_at=None,
    remote_updated_at=None,
    created_at="2026-03-02T09:30:00+00:00",
    changed_at="2026-03-02T09:30:00+00:00",
    synced_at=None,
    archived_at=None,
    connection_id=1,
)


def exported(*campaigns: Facts) -> bytes:
    """The file that an export writes of these."""
    return b"".join(as_file(HEADINGS, [[line_of(facts) for facts in campaigns]]))


def cells_of(content: bytes) -> list[list[str]]:
    """The cells of a file of ours, headings first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def saved(rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", **how: Any) -> bytes:
    """Rows as some program saves them; ``how`` is the csv writer's."""
    text = io.StringIO(newline="")
    csv.writer(text, **how).writerows(rows)
    return text.getvalue().encode(encoding)


def retyped(content: bytes, line: int = 1, **cells: str) -> bytes:
    """A file of ours in which somebody typed into cells; ``_`` stands for a blank in a heading."""
    rows = cells_of(content)
    for name, text in cells.items():
        rows[line][rows[0].index(name.replace("_", " "))] = text
    return saved(rows)
