"""The rules a campaign's values must keep, whoever sets them: form, script or import."""

from webapp.advertisers import queries as advertisers
from webapp.advertisers.models import Advertiser
from webapp.auth import queries as operators
from webapp.campaigns.fields import CampaignValues
from webapp.campaigns.models import Campaign
from webapp.core.errors import InvalidInput
from webapp.core.money import MAX_MINOR, is_currency

MAX_TITLE = 255
MAX_EXTERNAL_ID = 100
MAX_NOTES = 5_000


def check_values(
    values: CampaignValues,
    connection_id: int,
    unchanged_from: Campaign | CampaignValues | None = None,
) -> Advertiser | None:
    """Raise ``InvalidInput`` naming every broken rule; returns the advertiser.

    What stands in ``unchanged_from`` already is not judged again: the ad server may hold values
    that we would not have let anyone type.
    """
    advertiser = advertisers.get_advertiser(values.advertiser_id) if values.advertiser_id else None
    problems = {
        "title": _title(values.title),
        "advertiser_id": _advertiser(advertiser, connection_id),
        "external_id": _external_id(values.external_id),
        **_budget(values),
        "owner_id": _owner(values.owner_id, unchanged_from),
        "notes": _notes(values.notes),
    }
    found = {
        field: message
        for field, message in problems.items()
        if message and not _same(unchanged_from, values, field)
    }
    if found:
        raise InvalidInput(found)
    return advertiser


def _same(campaign: Campaign | CampaignValues | None, values: CampaignValues, field: str) -> bool:
    if campaign is None:
        return False
    fields = [field]
    if field.startswith("total_budget"):
        fields = ["total_budget_minor", "total_budget_currency"]
    return all(getattr(campaign, name) == getattr(values, name) for name in fields)


def _title(title: str) -> str | None:
    if not title.strip():
        return "Enter a title."
    if len(title) > MAX_TITLE:
        return f"The title has {len(title):,} characters; the most is {MAX_TITLE}."
    return None


def _advertiser(advertiser: Advertiser | None, connection_id: int) -> str | None:
    if advertiser is None or advertiser.connection_id != connection_id:
        return "Pick an advertiser from the list."
    return None


def _external_id(external_id: str | None) -> str | None:
    if external_id and len(external_id) > MAX_EXTERNAL_ID:
        return (
            f"The external ID has {len(external_id):,} characters; the most is {MAX_EXTERNAL_ID}."
        )
    return None


def _budget(values: CampaignValues) -> dict[str, str | None]:
    minor, currency = values.total_budget_minor, values.total_budget_currency
    if minor is None:
        return {
            "total_budget_currency": "Enter a budget, or clear the currency." if currency else None
        }
    return {
        "total_budget_minor": (
            None if 0 <= minor <= MAX_MINOR else "This budget is out of bounds. Type 0 or more."
        ),
        "total_budget_currency": _currency(currency),
    }


def _owner(owner_id: int | None, unchanged_from: Campaign | CampaignValues | None) -> str | None:
    if owner_id is None or (unchanged_from and unchanged_from.owner_id == owner_id):
        return None
    owner = operators.get_operator(owner_id)
    return None if owner and owner.active else "Pick an owner from the list."


def _notes(notes: str | None) -> str | None:
    if notes and len(notes) > MAX_NOTES:
        return f"The notes have {len(notes):,} characters; the most is {MAX_NOTES:,}."
    return None


def _currency(currency: str | None) -> str | None:
    if currency is None:
        return "Pick a currency for the budget."
    return None if is_currency(currency) else "Pick a currency from the list."
