"""The campaign form of the stand-in's page: from a record to fields, and from fields to members."""

from webapp.core.money import MoneyError, parse_amount, plain_amount
from webapp.sandbox.records import Record
from webapp.sandbox.rules import Errors

# Which field shows the message about which member.
FIELD_OF = {
    "title": "title",
    "advertiserId": "advertiser",
    "externalId": "external_id",
    "totalBudgetCents": "budget",
    "totalBudgetCurrency": "currency",
    "copyNeeded": "copy_needed",
}
LABELS = {
    "title": "The title",
    "advertiser": "The advertiser",
    "external_id": "The external ID",
    "budget": "The budget",
    "currency": "The currency",
    "copy_needed": "Copy needed",
}


def blank() -> dict[str, str]:
    """The fields of a campaign that is yet to be made."""
    return {"currency": "USD"}


def fill(campaign: Record) -> dict[str, str]:
    """The fields as the record has them."""
    cents, currency = campaign["totalBudgetCents"], campaign["totalBudgetCurrency"]
    return {
        "title": campaign["title"],
        "external_id": campaign["externalId"] or "",
        "budget": "" if cents is None else plain_amount(cents, currency or "USD"),
        "currency": currency or "USD",
        "copy_needed": "yes" if campaign["copyNeeded"] else "",
    }


def read(typed: dict[str, str]) -> tuple[Record, dict[str, str]]:
    """Members from what was typed, and a message per field that cannot be read."""
    values: Record = {
        "title": typed.get("title", "").strip(),
        "externalId": typed.get("external_id", "").strip() or None,
        "copyNeeded": typed.get("copy_needed") == "yes",
    }
    if "advertiser" in typed:
        values["advertiserId"] = typed["advertiser"]
    currency, text = typed.get("currency", ""), typed.get("budget", "").strip()
    try:
        cents = parse_amount(text, currency) if text else None
    except MoneyError as problem:
        return values, {"budget": str(problem)}
    values |= {"totalBudgetCents": cents, "totalBudgetCurrency": currency if text else None}
    return values, {}


def flatten(errors: Errors) -> dict[str, str]:
    """The API's complaints as one sentence per field."""
    found: dict[str, str] = {}
    for member, texts in errors.items():
        field = FIELD_OF[member]
        found[field] = f"{LABELS[field]} {texts[0]}."
    return found
