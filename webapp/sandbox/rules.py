"""What a campaign must be like to be stored: reading a request's members, and refusing bad ones."""

from collections.abc import Callable, Mapping
from typing import Any

from webapp.sandbox.records import Record

Errors = dict[str, list[str]]

MAX_TEXT = 255
MAX_INTEGER = 2**63 - 1
WRITABLE = (
    "title",
    "advertiserId",
    "externalId",
    "totalBudgetCents",
    "totalBudgetCurrency",
    "copyNeeded",
)
# What only the vendor's own side can set: the service works these out, or keeps them to itself.
VENDOR_ONLY = ("totalRevenueCents", "totalRevenueCurrency", "durationInSeconds", "bookingSource")
BLANK = "can't be blank"


def read_members(
    body: Mapping[str, Any], names: tuple[str, ...], *, snake_case: bool
) -> dict[str, Any]:
    """The known members of a body; the rest is ignored. When both spellings come, the last wins."""
    spellings = {name: name for name in names}
    if snake_case:
        spellings |= {snake(name): name for name in names}
    return {spellings[key]: value for key, value in body.items() if key in spellings}


def external_id_as_kept(values: Record, setting: str) -> Record:
    """What becomes of an external id: ``dropped``, ``folded`` to bare capitals, or kept."""
    given = values.get("externalId")
    if setting == "dropped":
        return {name: value for name, value in values.items() if name != "externalId"}
    if setting == "folded" and isinstance(given, str):
        return values | {"externalId": given.strip().upper()}
    return values


def snake(name: str) -> str:
    """``totalBudgetCents`` as ``total_budget_cents``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def check_new(values: Record, advertiser_exists: Callable[[str], bool]) -> Errors:
    """What is wrong with a campaign to be made of these values."""
    blank = {"title": None, "advertiserId": None}
    return check_changes({}, blank | values, advertiser_exists)


def check_changes(
    campaign: Record, values: Record, advertiser_exists: Callable[[str], bool]
) -> Errors:
    """What is wrong with a campaign after these values are set."""
    errors: Errors = {}
    for name, value in values.items():
        message = _CHECKS[name](value)
        if message:
            errors[name] = [message]
    after = campaign | values
    chosen = values.get("advertiserId")
    if chosen and "advertiserId" not in errors and not advertiser_exists(chosen):
        errors["advertiserId"] = ["must exist"]
    if after.get("totalBudgetCents") is not None and after.get("totalBudgetCurrency") is None:
        errors.setdefault("totalBudgetCurrency", [BLANK])
    return errors


def check_name(value: object) -> str | None:
    """What is wrong with a title, or with a name."""
    if not isinstance(value, str) or not value.strip():
        return BLANK
    return _too_long(value)


def _advertiser(value: object) -> str | None:
    return None if isinstance(value, str) and value else "must exist"


def _text(value: object) -> str | None:
    if value is None:
        return None
    return _too_long(value) if isinstance(value, str) else "is not a text"


def _too_long(value: str) -> str | None:
    if len(value) > MAX_TEXT:
        return f"is too long (maximum is {MAX_TEXT} characters)"
    # A lone half of a surrogate pair is legal JSON, but no text.
    torn = value.encode("utf-8", "replace") != value.encode("utf-8", "surrogatepass")
    return "is invalid" if torn or "\0" in value else None


def _cents(value: object) -> str | None:
    if value is None:
        return None
    return _amount(value)


def _amount(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "is not a number"
    if value < 0:
        return "must be greater than or equal to 0"
    return f"must be less than or equal to {MAX_INTEGER}" if value > MAX_INTEGER else None


def _currency(value: object) -> str | None:
    if value is None:
        return None
    return _code(value)


def _code(value: object) -> str | None:
    fits = isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()
    return None if fits and value == str(value).upper() else "is invalid"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "is not included in the list"


_CHECKS: dict[str, Callable[[object], str | None]] = {
    "title": check_name,
    "advertiserId": _advertiser,
    "externalId": _text,
    "totalBudgetCents": _cents,
    "totalBudgetCurrency": _currency,
    "copyNeeded": _flag,
    "totalRevenueCents": _amount,
    "totalRevenueCurrency": _code,
    "durationInSeconds": _amount,
    "bookingSource": _text,
}
