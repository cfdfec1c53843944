"""A campaign's values as options of a command, and what they come to."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from webapp.advertisers import queries as advertisers
from webapp.auth import queries as operators
from webapp.campaigns.fields import EDITABLE
from webapp.core.errors import InvalidInput
from webapp.core.money import MoneyError, is_currency, parse_amount

CLEARABLE = ("external_id", "budget", "owner", "notes")
MOST_NAMED = 5

Command = TypeVar("Command", bound=Callable[..., Any])


def field_options(command: Command) -> Command:
    """The options ``create`` and ``update`` share. Read them with :func:`wanted`."""
    for option in reversed(
        (
            click.option("--title"),
            click.option("--advertiser", help="Its id, or its name where only one has that."),
            click.option("--external-id"),
            click.option("--budget", help="An amount: 5000 or 5,000.50."),
            click.option("--currency", help="Of the budget: USD, EUR, JPY ..."),
            click.option("--copy-needed/--no-copy-needed", default=None),
            click.option("--owner", help="An operator's e-mail address."),
            click.option("--notes"),
        )
    ):
        command = option(command)
    return command


def wanted(options: Mapping[str, Any], budget_currency: str | None = None) -> dict[str, Any]:
    """Field groups and values of the options that were given. Raises ``InvalidInput``.

    ``budget_currency`` is that of the budget there is, for an amount without a currency.
    """
    given = {name: value for name, value in options.items() if value is not None}
    found: dict[str, Any] = {
        name: given[name]
        for name in EDITABLE
        if name in given and name not in ("advertiser", "budget", "owner")
    }
    if "advertiser" in given:
        found["advertiser"] = _advertiser(given["advertiser"])
    if "owner" in given:
        found["owner"] = _owner(given["owner"])
    if "budget" in given:
        found["budget"] = _budget(given["budget"], given.get("currency") or budget_currency)
    elif "currency" in given:
        raise InvalidInput({"currency": "Give --budget with --currency."})
    return found


def _advertiser(text: str) -> int:
    """Its id. Raises ``InvalidInput``, naming those that may be meant."""
    if text.isascii() and text.isdigit():
        return int(text[:12])
    found = advertisers.suggest(text)
    named = [id_ for id_, name in found if name.split(" – ")[0].lower() == text.strip().lower()]
    if len(named) == 1:
        return named[0]
    choices = "; ".join(f"{id_} is {name}" for id_, name in found[:MOST_NAMED])
    words = f"Give its id: {choices}." if choices else "There is none of that name."
    raise InvalidInput({"advertiser": f"“{text}” is not one advertiser. {words}"})


def _owner(email: str) -> int:
    operator = operators.operator_by_email(email)
    if operator is None:
        raise InvalidInput({"owner": f"There is no operator with the e-mail address {email}."})
    return operator.id


def _budget(text: str, currency: str | None) -> list[Any]:
    code = (currency or "").upper()
    if not is_currency(code):
        raise InvalidInput({"currency": "Give --currency: USD, EUR, JPY ..."})
    try:
        return [parse_amount(text, code), code]
    except MoneyError as problem:
        raise InvalidInput({"budget": str(problem)}) from None
