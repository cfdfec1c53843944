"""The ad server's own people: they edit, book and delete while we look elsewhere."""

import itertools
import json
from typing import Any

from webapp.sandbox import writes
from webapp.sandbox.records import Record
from webapp.sandbox.state import State
from webapp.sandbox.writes import Origin

# How every title begins that they give.
THEIRS = "Theirs"


class RemoteEditor:
    """Every title and amount is used once, so that each can be told from all others."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._numbers = itertools.count(1)

    def campaigns(self) -> list[Record]:
        """What there is, newest first."""
        return self.state.records_at(self.state.positions("campaigns"))

    def advertisers(self) -> list[str]:
        return [each["id"] for each in self.state.records_at(self.state.positions("advertisers"))]

    def new_value(self, group: str, campaign: Record) -> dict[str, Any]:
        """Another value for this group, as members of the wire."""
        number = next(self._numbers)
        if group == "title":
            return {"title": f"{THEIRS} {number}"}
        if group == "budget":
            return {"totalBudgetCents": 1_000_000 + number, "totalBudgetCurrency": "EUR"}
        if group == "external_id":
            return {"externalId": f"THEIRS-{number}"}
        if group == "copy_needed":
            return {"copyNeeded": not campaign["copyNeeded"]}
        others = [each for each in self.advertisers() if each != campaign["advertiserId"]]
        return {"advertiserId": others[number % len(others)]}

    def edit(self, remote_id: str, groups: list[str]) -> None:
        campaign = self.state.find("campaigns", remote_id)
        if campaign is None:
            return
        values: dict[str, Any] = {}
        for group in groups:
            values |= self.new_value(group, campaign)
        with self.state.transaction():
            writes.update_campaign(self.state, campaign, values, _origin("PUT", values))

    def create(self, external_id: str | None = None) -> None:
        values = {
            "title": f"{THEIRS} {next(self._numbers)}",
            "advertiserId": self.advertisers()[0],
            "externalId": external_id,
        }
        with self.state.transaction():
            writes.create_campaign(self.state, values, _origin("POST", values))

    def delete(self, remote_id: str) -> None:
        campaign = self.state.find("campaigns", remote_id)
        if campaign is None:
            return
        with self.state.transaction():
            writes.delete_campaign(self.state, campaign, _origin("DELETE", {}))


def _origin(method: str, values: dict[str, Any]) -> Origin:
    return Origin("vendor", method, "theirs", "theirs", json.dumps(values))
