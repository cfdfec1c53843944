"""Megaphone's members and our fields: one table per record, read and written by the same rows.

Money: Megaphone's ``...Cents`` columns are taken for ISO 4217 minor units, as Rails money columns
hold them, so 5000 yen are totalBudgetCents 5000. That is inferred: no public source says so.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import NoneType
from typing import TypeVar

from webapp.adservers.errors import Unsupported
from webapp.adservers.types import (
    BadRow,
    CampaignPatch,
    CampaignSpec,
    RemoteAdvertiser,
    RemoteAgency,
    RemoteCampaign,
)
from webapp.core.money import MAX_MINOR, Money

T = TypeVar("T")
Row = dict[str, object]
Reader = Callable[[object], object]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_MAX_SECONDS = 10**10


class UnreadableRow(Exception):
    """A record with a member that is not what it should be; the text says which."""


@dataclass(frozen=True, slots=True)
class Member:
    """Our ``name`` for Megaphone's ``wire`` member.

    ``within`` names an embedded record and its member that hold the same; it is looked at first.
    """

    name: str
    wire: str
    read: Reader
    within: tuple[str, str] | None = None
    writable: bool = False


def is_id(value: object) -> bool:
    """Whether this can be an id of Megaphone's, and stands safely in a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _identifier(value: object) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise UnreadableRow("is missing" if value is None else "is not an id")


def _optional_identifier(value: object) -> str | None:
    return None if value is None else _identifier(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnreadableRow("is missing" if value is None else "is not text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UnreadableRow("holds half a character") from None
    # Half a surrogate pair and NUL are legal JSON and fit into no database.
    if "\x00" in value:
        raise UnreadableRow("holds a NUL character")
    return value


def _optional_text(value: object) -> str | None:
    # Rails forms store an emptied text as "": for us both mean that there is none.
    return None if value is None or value == "" else _text(value)


def _texts(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value) or None
    return _optional_text(value)


def _minor_units(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise UnreadableRow("is not a whole number")
    if not 0 <= value <= MAX_MINOR:
        raise UnreadableRow("is negative or too large")
    return value


def _seconds(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _MAX_SECONDS:
        raise UnreadableRow("is not a number of seconds")
    return value


def _currency(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise UnreadableRow("is not a currency code")
    return value.upper()


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise UnreadableRow("is neither true nor false")


def _instant(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnreadableRow("is not a time")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise UnreadableRow("is not a time") from None
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise UnreadableRow("is a time without its zone")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise UnreadableRow("is not a time") from None


_TIMES = (Member("created_at", "createdAt", _instant), Member("updated_at", "updatedAt", _instant))

AGENCY = (
    Member("id", "id", _identifier),
    Member("name", "name", _text),
    Member("external_id", "externalId", _optional_text),
    *_TIMES,
)

# Sources disagree whether a listed advertiser embeds its agency or names its id: both are read.
ADVERTISER = (
    Member("id", "id", _identifier),
    Member("name", "name", _text),
    Member("agency_id", "agencyId", _optional_identifier, within=("agency", "id")),
    Member("agency_name", "agencyName", _optional_text, within=("agency", "name")),
    Member("competitive_categories", "competitiveCategories", _texts),
    *_TIMES,
)


def _embedded_advertiser(value: object) -> RemoteAdvertiser | None:
    """What a campaign says of its advertiser: a stopgap, without which the campaign is good too."""
    if not isinstance(value, dict):
        return None
    found = value.get("agency")
    agency = found if isinstance(found, dict) else {}
    texts = (value.get("id"), value.get("name"), agency.get("id"), agency.get("name"))
    if any(type(text) not in (str, NoneType) for text in texts):
        return None
    return _thin_advertiser(*texts)


# Hundreds of campaigns have the same few advertisers.
@lru_cache(maxsize=4096)
def _thin_advertiser(*texts: str | None) -> RemoteAdvertiser | None:
    try:
        return read_advertiser(dict(zip(_THIN, texts, strict=True)))
    except UnreadableRow:
        return None


_THIN = ("id", "name", "agencyId", "agencyName")

CAMPAIGN = (
    Member("id", "id", _identifier),
    Member("title", "title", _text, writable=True),
    Member(
        "advertiser_id",
        "advertiserId",
        _optional_identifier,
        within=("advertiser", "id"),
        writable=True,
    ),
    Member("advertiser", "advertiser", _embedded_advertiser),
    Member("external_id", "externalId", _optional_text, writable=True),
    Member("total_budget_minor", "totalBudgetCents", _minor_units, writable=True),
    Member("total_budget_currency", "totalBudgetCurrency", _currency, writable=True),
    Member("total_revenue_minor", "totalRevenueCents", _minor_units),
    Member("total_revenue_currency", "totalRevenueCurrency", _currency),
    Member("duration_seconds", "durationInSeconds", _seconds),
    Member("copy_needed", "copyNeeded", _flag, writable=True),
    Member("booking_source", "bookingSource", _optional_text),
    *_TIMES,
)

_WRITABLE = {member.name: member.wire for member in CAMPAIGN if member.writable}
_BUDGET = ("total_budget_minor", "total_budget_currency")

UPDATE_FIELDS = frozenset(_WRITABLE.keys() - set(_BUDGET) | {"total_budget"})


def _record(row: object, table: tuple[Member, ...], make: Callable[..., T]) -> T:
    if not isinstance(row, dict):
        raise UnreadableRow("The row is not a record.")
    values: list[object] = []
    for member in table:
        value = row.get(member.wire)
        if member.within is not None:
            inner = row.get(member.within[0])
            if isinstance(inner, dict) and member.within[1] in inner:
                value = inner[member.within[1]]
        try:
            values.append(member.read(value))
        except UnreadableRow as problem:
            raise UnreadableRow(f"Its {member.wire} {problem}.") from None
    return make(*values, row)


def read_agency(row: object) -> RemoteAgency:
    return _record(row, AGENCY, RemoteAgency)


def read_advertiser(row: object) -> RemoteAdvertiser:
    return _record(row, ADVERTISER, RemoteAdvertiser)


def read_campaign(row: object) -> RemoteCampaign:
    return _record(row, CAMPAIGN, RemoteCampaign)


def read_rows(rows: Iterable[object], read: Callable[[object], T]) -> tuple[list[T], list[BadRow]]:
    """Read each row; set aside, with its reason, what cannot be read."""
    items: list[T] = []
    bad_rows: list[BadRow] = []
    for row in rows:
        try:
            items.append(read(row))
        except UnreadableRow as problem:
            found = row.get("id") if isinstance(row, dict) else None
            bad_rows.append(
                BadRow(found if isinstance(found, str) and is_id(found) else None, str(problem))
            )
    return items, bad_rows


def patch_to_wire(patch: CampaignPatch) -> Row:
    """Our field names and values as Megaphone's members; a budget becomes its two."""
    wire: Row = {}
    for name, value in patch.items():
        if name == "total_budget" and (value is None or isinstance(value, Money)):
            amount = (None, None) if value is None else (value.minor, value.currency)
            wire |= {_WRITABLE[part]: each for part, each in zip(_BUDGET, amount, strict=True)}
        elif name in UPDATE_FIELDS and name != "total_budget":
            wire[_WRITABLE[name]] = value
        else:
            raise Unsupported(f"Megaphone cannot change {name.replace('_', ' ')} of a campaign.")
    return wire


def spec_to_wire(spec: CampaignSpec, marker: str | None) -> Row:
    """A new campaign's members. The marker is kept in the external id: Megaphone has no other."""
    row = {wire: getattr(spec, name) for name, wire in _WRITABLE.items()}
    if marker is not None:
        row[_WRITABLE["external_id"]] = marker
    return {wire: value for wire, value in row.items() if value is not None}


def _words(wire: str) -> str:
    return re.sub(r"(?=[A-Z])", " ", wire).lower()


def _aliases() -> Mapping[str, str]:
    """The spellings a refusal may use for a field (camel, snake, words), longest first."""
    found: dict[str, str] = {}
    for member in CAMPAIGN:
        if not member.writable:
            continue
        name = "total_budget" if member.name == "total_budget_minor" else member.name
        words = _words(member.wire)
        spellings = {words, words.replace(" ", "_"), member.wire.lower(), member.name}
        if member.within is not None:
            spellings.add(member.within[0])
        found |= dict.fromkeys(spellings, name)
    found["total_budget"] = found["total budget"] = "total_budget"
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


_ALIASES = _aliases()


def field_called(text: str) -> str | None:
    """Our name of the field that Megaphone calls ``text``, in any of its spellings."""
    return _ALIASES.get(text.lower())


def field_begun_with(sentence: str) -> str | None:
    """Our name of the field a sentence begins with, as in "Title can't be blank"."""
    lower = sentence.lower()
    for alias, name in _ALIASES.items():
        if lower.startswith(alias) and not lower[len(alias) : len(alias) + 1].isalnum():
            return name
    return None
