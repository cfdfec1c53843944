"""Derived columns of a campaign: what lists sort by and search in."""

from webapp.campaigns.models import KEY_LENGTH, SEARCH_LENGTH
from webapp.core.text import fold


def derived_columns(
    title: str,
    external_id: str | None,
    advertiser_name: str | None,
    budget_minor: int | None,
    budget_currency: str | None,
) -> dict[str, str]:
    """Sort keys and search text. Lengths are capped so that a database index can hold them."""
    title_text, external_text = fold(title), fold(external_id or "")
    advertiser_text = fold(advertiser_name or "")
    found_by = (title_text, external_text, advertiser_text)
    return {
        "title_key": title_text[:KEY_LENGTH],
        "external_key": external_text[:KEY_LENGTH],
        "advertiser_key": advertiser_text[:KEY_LENGTH],
        "budget_key": budget_key(budget_minor, budget_currency),
        "search_text": "\n".join(text[:SEARCH_LENGTH] for text in found_by),
    }


def owner_key(email: str | None) -> str:
    """Sorts by the owner's e-mail address; campaigns without an owner come first."""
    return fold(email or "")[:KEY_LENGTH]


def budget_key(minor: int | None, currency: str | None) -> str:
    """Sorts by currency, then amount: amounts of two currencies cannot be compared."""
    return "" if minor is None else f"{currency or '':3}{minor:016d}"
