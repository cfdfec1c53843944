"""``flask campaigns``: finding campaigns by the query language of the list."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Row

from webapp.api import serialize
from webapp.campaigns import listing
from webapp.campaigns.terms import Asker
from webapp.cli.plain import echo_json, json_option, plainly, settings
from webapp.connections import queries as connections
from webapp.core.db import reading
from webapp.core.listing import PER_PAGE_CHOICES
from webapp.core.money import format_amount
from webapp.core.query import QueryError

campaigns = AppGroup("campaigns", help="Campaigns as the list shows them.")


@campaigns.command("find")
@click.argument("query", default="")
@click.option("--sort", default="", help="A column of the list; -budget is the largest first.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--rows", type=click.Choice([str(n) for n in PER_PAGE_CHOICES]), default="50", show_default=True
)
@json_option
@plainly
def find_campaigns(query: str, sort: str, page: int, rows: str, as_json: bool) -> None:
    """Campaigns that QUERY finds: 'spring budget:>5000usd -sync:confirmed archived:any'.

    Put -- before a query that begins with a minus.
    """
    params = listing.CAMPAIGNS.parse(
        {"q": query, "sort": sort, "page": str(page), "per_page": rows}
    )
    for note in params.notes:
        click.echo(note, err=True)
    with reading():
        try:
            found = listing.list_campaigns(params, Asker(zone=settings().zone))
        except QueryError as error:
            raise click.BadParameter(_pointed(error), param_hint="QUERY") from None
    if as_json:
        names = connections.organizations()
        echo_json([serialize.campaign(row, names) for row in found.items])
        return
    for row in found.items:
        click.echo("  ".join(_words(row)))
    total = f"{found.total:,}{'+' if found.capped else ''}"
    click.echo(f"{found.first:,}-{found.last:,} of {total}" if found.items else "None.", err=True)


def _words(row: Row[Any]) -> list[str]:
    minor, currency = row.total_budget_minor, row.total_budget_currency or "USD"
    budget = "-" if minor is None else f"{currency} {format_amount(minor, currency)}"
    archived = ["archived"] if row.archived_at else []
    return [
        str(row.uuid),
        row.title,
        row.advertiser_name or "-",
        budget,
        row.sync_state,
        *archived,
    ]


def _pointed(error: QueryError) -> str:
    """The message, with the place marked below the text and what may have been meant."""
    marks = " " * error.start + "^" * (error.end - error.start)
    meant = [f"Did you mean: {text}" for _, text in error.fixes]
    return "\n".join([error.message, f"  {error.text}", f"  {marks}", *meant])
