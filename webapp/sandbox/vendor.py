"""Changes from the vendor's side: what Megaphone's own people do while we look elsewhere."""

from dataclasses import dataclass
from uuid import uuid4

from webapp.sandbox import writes
from webapp.sandbox.records import Record
from webapp.sandbox.seed import Dice
from webapp.sandbox.state import State
from webapp.sandbox.writes import Origin


@dataclass(frozen=True, slots=True)
class Churn:
    """How many campaigns to touch. ``pick`` says which: the newest, or any by chance."""

    create: int = 0
    edit: int = 0
    delete: int = 0
    pick: str = "newest"
    seed: int = 0


def origin(method: str, path: str, body: str | None = None) -> Origin:
    """A write of the vendor's."""
    return Origin("vendor", method, path, str(uuid4()), body)


def churn(state: State, wish: Churn, path: str) -> dict[str, list[str]]:
    """Create, edit and delete so many campaigns at once; returns the ids."""
    dice = Dice(f"churn {wish.seed}")
    with state.transaction():
        chosen = _choose(state, wish, dice)
        edited, deleted = chosen[: wish.edit], chosen[wish.edit :]
        for campaign in edited:
            values = {"title": _edited(campaign["title"])}
            writes.update_campaign(state, campaign, values, origin("PUT", path))
        for campaign in deleted:
            writes.delete_campaign(state, campaign, origin("DELETE", path))
        wanted = wish.create if state.total("advertisers") else 0
        created = [_create(state, number, path, dice) for number in range(wanted)]
    return {
        "created": [each["id"] for each in created],
        "edited": [each["id"] for each in edited],
        "deleted": [each["id"] for each in deleted],
    }


def _choose(state: State, wish: Churn, dice: Dice) -> list[Record]:
    positions = state.positions("campaigns")
    count = min(wish.edit + wish.delete, len(positions))
    if wish.pick == "any":
        return state.records_at(dice.sample(positions, count))
    return state.records_at(positions[:count])


def _edited(title: str) -> str:
    base, mark, number = title.rpartition(" rev. ")
    if mark and number.isdigit():
        return f"{base} rev. {int(number) + 1}"
    return f"{title[:240]} rev. 1"


def _create(state: State, number: int, path: str, dice: Dice) -> Record:
    (advertiser,) = state.records_at([dice.pick(state.positions("advertisers"))])
    values = {"title": f"Booked in Megaphone {number + 1}", "advertiserId": advertiser["id"]}
    return writes.create_campaign(state, values, origin("POST", path))
