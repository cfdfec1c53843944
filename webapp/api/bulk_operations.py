"""What a script wants done to many campaigns, as the operations that the pages have."""

from collections.abc import Callable, Mapping
from typing import Any

from webapp.advertisers import queries as advertisers
from webapp.api.schemas import bulk as schemas
from webapp.auth import queries as operators
from webapp.bulk.forms import NOBODY
from webapp.bulk.operations import (
    AddToBudget,
    Archive,
    Operation,
    ReplaceInTitle,
    ScaleBudget,
    SetAdvertiser,
    SetBudget,
    SetOwner,
    Unarchive,
)
from webapp.core.errors import InvalidInput
from webapp.core.money import is_currency


def read(sent: schemas.BulkOperation) -> Operation:
    """Raises ``InvalidInput`` for a name that nothing has."""
    name = next(name for name in READERS if getattr(sent, name) is not None)
    return READERS[name](getattr(sent, name))


def _owner(sent: schemas.ToOwner) -> Operation:
    if not sent.owner:
        return SetOwner(None, NOBODY)
    found = operators.operator_by_email(sent.owner)
    if found is None or not found.active:
        raise _wrong("owner/owner", "No operator has this e-mail address.")
    return SetOwner(found.id, found.email)


def _advertiser(sent: schemas.ToAdvertiser) -> Operation:
    found = advertisers.get_advertiser(int(sent.advertiser_id))
    if found is None:
        raise _wrong("advertiser/advertiser_id", "There is no such advertiser.")
    return SetAdvertiser(found.id, found.name, found.connection_id)


def _budget(sent: schemas.ToBudget) -> Operation:
    _check_currency(sent.total_budget_currency, "budget/total_budget_currency")
    return SetBudget(sent.total_budget_cents, sent.total_budget_currency)


def _add(sent: schemas.More) -> Operation:
    _check_currency(sent.currency, "add/currency")
    return AddToBudget(sent.cents, sent.currency)


def _check_currency(code: str, place: str) -> None:
    if not is_currency(code):
        raise _wrong(place, "There is no such currency.")


def _wrong(place: str, message: str) -> InvalidInput:
    return InvalidInput({f"operation/{place}": message})


READERS: Mapping[str, Callable[[Any], Operation]] = {
    "archive": lambda _: Archive(),
    "unarchive": lambda _: Unarchive(),
    "owner": _owner,
    "advertiser": _advertiser,
    "budget": _budget,
    "add": _add,
    "percent": lambda sent: ScaleBudget(str(sent.by)),
    "title": lambda sent: ReplaceInTitle(sent.find, sent.replacement, sent.match_case),
}
