"""What the database says, as files need it: a campaign's facts, and what a line may pick from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from webapp.core.query_errors import nearest
from webapp.core.text import fold

# Looking through thousands of names takes a while, and a file may have thousands of wrong ones.
MOST_COMPARED = 20
MOST_LETTERS = 100


class Facts(NamedTuple):
    """A campaign as a line of a file is made of it; times and the uuid are text already."""

    id: int
    uuid: str
    version: int
    title: str
    advertiser_id: int | None
    advertiser_name: str | None
    agency_name: str | None
    external_id: str | None
    total_budget_minor: int | None
    total_budget_currency: str | None
    copy_needed: bool
    owner_id: int | None
    owner_email: str | None
    notes: str | None
    sync_state: str
    sync_detail: str | None
    total_revenue_minor: int | None
    total_revenue_currency: str | None
    duration_seconds: int | None
    booking_source: str | None
    remote_id: str | None
    remote_created_at: str | None
    remote_updated_at: str | None
    created_at: str
    changed_at: str
    synced_at: str | None
    archived_at: str | None
    connection_id: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """An advertiser that can be picked."""

    id: int
    name: str
    agency: str


@dataclass(frozen=True)
class Known:
    """Advertisers of the connection by id and by folded name, and operators by folded e-mail.

    ``compared`` holds the names that were looked for in vain, and what they may have meant.
    """

    buyers: dict[int, Buyer]
    named: dict[str, list[Buyer]]
    operators: Mapping[str, int]
    compared: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def buyers_like(self, name: str) -> list[str]:
        """Names of advertisers that may have been meant: for the first few wrong ones."""
        return [self.named[key][0].name for key in self._like("buyer", name, self.named)]

    def operators_like(self, email: str) -> list[str]:
        """The same of operators."""
        return self._like("operator", email, self.operators)

    def _like(self, kind: str, text: str, known: Mapping[str, object]) -> list[str]:
        key = (kind, fold(text[:MOST_LETTERS]))
        if key not in self.compared and len(self.compared) < MOST_COMPARED:
            self.compared[key] = nearest(key[1], known)
        return self.compared.get(key, [])
