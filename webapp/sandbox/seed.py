"""Practice data from a seed: the same seed, counts and clock give the same records.

Records are the dictionaries that the API serves. Nothing here touches the database.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from webapp.sandbox import words
from webapp.sandbox.ids import stamp, uuid1_at
from webapp.sandbox.records import BLANK, Record, embed

T = TypeVar("T")


class Dice(random.Random):
    """Chance that can be repeated, which is the point here; nothing secret comes from it."""

    def pick(self, among: Sequence[T]) -> T:
        """One of them, at half the cost of ``choice``."""
        return among[int(self.random() * len(among))]


DEFAULT_SEED = 20250415
SPAN_MS = 548 * 24 * 3600 * 1000
DAY_MS = 24 * 3600 * 1000

# What the currency's smallest unit is worth beside a US cent, so that amounts look like money.
CURRENCIES = {"USD": 1, "EUR": 1, "GBP": 1, "CAD": 1, "AUD": 1, "JPY": 1.5}
# Out of a hundred campaigns.
CURRENCY_SHARES = (80, 6, 5, 4, 2, 3)
MAJOR_AMOUNTS = (500, 1000, 2500, 5000, 7500, 10_000, 25_000, 60_000, 150_000, 480_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make, from what."""

    campaigns: int
    advertisers: int
    agencies: int
    seed: int
    organization: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Sellers:
    """The agencies and the advertisers that buy through them, oldest first."""

    agencies: list[Record]
    advertisers: list[Record]


def sellers(plan: Plan) -> Sellers:
    """Agencies and advertisers: a third of the agencies are advertisers that buy for themselves."""
    rng = Dice(f"sellers {plan.seed}")
    direct = min(plan.agencies // 3, plan.advertisers)
    names = _brand_names(rng, plan.advertisers)
    agency_names = _agency_names(rng, plan.agencies - direct) + names[:direct]
    agencies = [_agency(rng, plan, i, name) for i, name in enumerate(agency_names)]
    bought = agencies[: plan.agencies - direct]
    advertisers: list[Record] = []
    for i, name in enumerate(names):
        if i < direct:
            advertisers.append(_advertiser(rng, plan, i, name, agencies[len(bought) + i]))
        else:
            advertisers.append(_client(rng, plan, i, name, bought, advertisers[direct:]))
    return Sellers(agencies, advertisers)


def _client(
    rng: Dice,
    plan: Plan,
    index: int,
    name: str,
    agencies: list[Record],
    earlier: list[Record],
) -> Record:
    agency = rng.pick(agencies) if agencies and rng.random() > 0.04 else None
    # One company that buys through two agencies is two rows of one name.
    if index % 8 == 7 and earlier and len(agencies) > 1:
        twin = rng.pick(earlier)
        name = twin["name"]
        agency = rng.pick([each for each in agencies if each["id"] != twin["agencyId"]])
    return _advertiser(rng, plan, index, name, agency)


def _brand_names(rng: Dice, count: int) -> list[str]:
    names = [f"{a} {b}" for a in words.BRAND_FIRST for b in words.TRADES]
    rng.shuffle(names)
    for i, local in enumerate(words.BRAND_LOCAL):
        names.insert(6 + i * 13, local)
    return [names[i % len(names)] + _suffix(i // len(names)) for i in range(count)]


def _agency_names(rng: Dice, count: int) -> list[str]:
    names = [f"{a} {b}" for a in words.AGENCY_FIRST for b in words.AGENCY_SECOND]
    rng.shuffle(names)
    return [names[i % len(names)] + _suffix(i // len(names)) for i in range(count)]


def _suffix(lap: int) -> str:
    return f" {lap + 1}" if lap else ""


def _dates(rng: Dice, created: int, now: int, mean_days: float) -> tuple[str, str]:
    """When it was made and last changed; a fifth was never changed."""
    if rng.random() < 0.2:
        return stamp(created), stamp(created)
    later = min(rng.expovariate(1 / (mean_days * DAY_MS)), rng.random() * (now - created))
    return stamp(created), stamp(created + int(later))


def _agency(rng: Dice, plan: Plan, index: int, name: str) -> Record:
    created = plan.now_ms - SPAN_MS - (plan.agencies - index) * DAY_MS - rng.randrange(DAY_MS)
    city, state, zip_code = rng.pick(words.CITIES)
    created_at, updated_at = _dates(rng, created, plan.now_ms, 90)
    return {
        "id": uuid1_at(created, index),
        "name": name,
        "externalId": rng.pick((None, f"AG-{index + 1:04d}")),
        "billingMethod": rng.pick((None, "email", "mail")),
        "paymentType": rng.pick((None, "net30", "net60", "prepay")),
        "ein": None,
        "commissionPercentage": rng.pick(("0.0", "10.0", "15.0")),
        "address": f"{rng.randrange(1, 990)} {rng.pick(words.STREETS)}",
        "city": city,
        "state": state,
        "zipCode": zip_code,
        "createdAt": created_at,
        "updatedAt": updated_at,
    }


def _advertiser(rng: Dice, plan: Plan, index: int, name: str, agency: Record | None) -> Record:
    created = plan.now_ms - SPAN_MS - (plan.advertisers - index) * 3_600_000
    created_at, updated_at = _dates(rng, created, plan.now_ms, 60)
    return {
        "id": uuid1_at(created, index + 5000),
        "name": name,
        "agencyId": agency["id"] if agency else None,
        "competitiveCategories": rng.pick((None, None, *words.CATEGORIES)),
        "createdAt": created_at,
        "updatedAt": updated_at,
    }


def campaigns(plan: Plan, made: Sellers) -> Iterator[Record]:
    """Campaigns of those advertisers, oldest first."""
    among, agencies = made.advertisers, {each["id"]: each for each in made.agencies}
    thin = {each["id"]: embed(each, agencies.get(each["agencyId"])) for each in among}
    rng = Dice(f"campaigns {plan.seed}")
    ages = sorted((rng.randrange(SPAN_MS) for _ in range(plan.campaigns)), reverse=True)
    for index, age in enumerate(ages):
        created = plan.now_ms - age
        # A few advertisers book most of the campaigns.
        advertiser = among[int(len(among) * rng.random() ** 2)]
        created_at, updated_at = _dates(rng, created, plan.now_ms, 12)
        yield BLANK | {
            "id": uuid1_at(created, index),
            "title": _title(rng, advertiser["name"], created),
            "advertiserId": advertiser["id"],
            "advertiser": thin[advertiser["id"]],
            "organizationId": plan.organization,
            "externalId": _external_id(rng, index),
            **_money(rng, fresh=age < 20 * DAY_MS),
            "copyNeeded": rng.random() < (0.6 if age < 30 * DAY_MS else 0.15),
            "createdAt": created_at,
            "updatedAt": updated_at,
        }


@cache
def _products(brand: str) -> words.Words:
    for trade, products in words.TRADES.items():
        if trade in brand:
            return products
    return words.PRODUCTS


def _title(rng: Dice, brand: str, created: int) -> str:
    when = datetime.fromtimestamp(created / 1000, UTC)
    parts = {
        "year": when.year,
        "quarter": (when.month + 2) // 3,
        "product": rng.pick(_products(brand)),
        "season": rng.pick(words.SEASONS),
        "placement": rng.pick(words.PLACEMENTS),
        "brand": brand,
    }
    if rng.random() < 0.08:
        return rng.pick(words.TITLES_LOCAL).format(**parts)
    title = rng.pick(words.TITLES).format(**parts)
    return f"{title} {rng.pick(words.REMARKS)}" if rng.random() < 0.06 else title


def _external_id(rng: Dice, index: int) -> str | None:
    roll = rng.random()
    if roll < 0.3:
        return None
    # Two campaigns on one insertion order happen; the service is not known to refuse it.
    return f"IO-{1000 + (index if roll > 0.32 else index // 2)}"


def _money(rng: Dice, *, fresh: bool) -> Record:
    (code,) = rng.choices(tuple(CURRENCIES), weights=CURRENCY_SHARES)
    roll = rng.random()
    minor = rng.pick(MAJOR_AMOUNTS) * 100 * CURRENCIES[code]
    budget: int | None = int(minor * rng.pick((1, 1, 1, 1.1, 0.95)))
    if roll < 0.12:
        budget = None
    elif roll < 0.15:
        budget = 0
    ordered = 0 if fresh and rng.random() < 0.5 else rng.pick((0, 14, 28, 30, 60, 90, 91, 180))
    share = rng.pick((0.25, 0.5, 0.8, 1, 1, 1.05)) if ordered else 0
    return {
        "totalBudgetCents": budget,
        "totalBudgetCurrency": None if budget is None else code,
        "totalRevenueCents": int((budget or 0) * share),
        "totalRevenueCurrency": code,
        "durationInSeconds": ordered * 86_400,
    }
