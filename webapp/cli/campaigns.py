"""``flask campaigns list`` and ``show``: finding by the query language of the list, and looking."""

import json
import sys

import click
from flask.cli import AppGroup

from webapp.api import serialize
from webapp.campaigns import listing
from webapp.campaigns import queries as campaign_queries
from webapp.campaigns.api_rows import campaign_row, campaign_rows
from webapp.campaigns.progress import line_of
from webapp.campaigns.terms import Asker
from webapp.cli.plain import echo_json, json_option, plainly, settings
from webapp.connections import queries as connections
from webapp.core.db import db, reading
from webapp.core.listing import COUNT_CAP, MAX_PAGE, PER_PAGE_CHOICES, ListParams
from webapp.core.money import format_amount
from webapp.core.query import QueryError
from webapp.core.rows import Row
from webapp.exchange import export
from webapp.exchange import queries as exchange

campaigns = AppGroup("campaigns", help="Campaigns: find, look, book, change, archive.")


@campaigns.command("list")
@click.argument("query", default="")
@click.option("--sort", default="", help="A column of the list; -budget is the largest first.")
@click.option("--page", type=click.IntRange(1, MAX_PAGE), default=1, show_default=True)
@click.option(
    "--rows", type=click.Choice([str(n) for n in PER_PAGE_CHOICES]), default="50", show_default=True
)
@click.option("--csv", "as_csv", is_flag=True, help="Print all that is found, as the page's file.")
@click.option("--json-lines", is_flag=True, help="Print all that is found, each as JSON on a line.")
@json_option
@plainly
def list_campaigns(
    query: str, sort: str, page: int, rows: str, as_csv: bool, json_lines: bool, as_json: bool
) -> None:
    """Campaigns that QUERY finds: 'spring budget:>5000usd -sync:confirmed archived:any'.

    Put -- before a query that begins with a minus.
    """
    if as_csv + json_lines + as_json > 1:
        raise click.UsageError("Choose --csv, --json or --json-lines.")
    arguments = {"q": query, "sort": sort, "page": str(page), "per_page": rows}
    if page * int(rows) >= COUNT_CAP:
        # Else a loop that goes on until it has met the total would end at the cap.
        arguments["count"] = "exact"
    params = listing.CAMPAIGNS.parse(arguments)
    # Whoever looks at a page sees its notes; a script would take the wrong list for the right one.
    if len(query) > listing.CAMPAIGNS.max_query:
        most = f"It may have {listing.CAMPAIGNS.max_query:,} characters."
        raise click.BadParameter(most, param_hint="QUERY")
    if params.notes:
        raise click.UsageError(" ".join(params.notes))
    try:
        if as_csv:
            _print_file(params)
        elif json_lines:
            _print_lines(params)
        else:
            _print_page(params, as_json=as_json)
    except QueryError as error:
        raise click.BadParameter(_pointed(error), param_hint="QUERY") from None


def _print_page(params: ListParams, *, as_json: bool) -> None:
    with reading():
        found = listing.list_campaigns(params, Asker(zone=settings().zone))
        names = connections.organizations()
        rows = campaign_rows([row.id for row in found.items]) if as_json else []
    if as_json:
        items = [serialize.campaign(row, names) for row in rows]
        meta = {
            "page": found.number,
            "per_page": found.per_page,
            "total": found.total,
            "total_is_exact": not found.capped,
        }
        echo_json({"items": items, "meta": meta})
        return
    for row in found.items:
        click.echo("  ".join(_words(row)))
    total = f"{found.total:,}{'+' if found.capped else ''}"
    click.echo(f"{found.first:,}-{found.last:,} of {total}" if found.items else "None.", err=True)


def _print_file(params: ListParams) -> None:
    """The whole list, however long, a chunk at a time."""
    with reading():
        ids = exchange.listed_ids(params, Asker(zone=settings().zone))
    out = sys.stdout.buffer
    parts = export.stream(ids)
    number = len(ids) // export.CHUNK + 2
    with click.progressbar(parts, number, "Reading", file=sys.stderr) as shown:
        out.writelines(shown)
    out.flush()
    click.echo(f"{len(ids):,} campaigns", err=True)


def _print_lines(params: ListParams) -> None:
    """The same, as the API has each campaign."""
    with reading():
        ids = exchange.listed_ids(params, Asker(zone=settings().zone))
        names = connections.organizations()
    begins = range(0, len(ids), export.CHUNK)
    with click.progressbar(begins, label="Reading", file=sys.stderr) as shown:
        for begin in shown:
            with reading():
                rows = campaign_rows(list(ids[begin : begin + export.CHUNK]))
                db.session.rollback()
            for row in rows:
                click.echo(json.dumps(serialize.campaign(row, names), ensure_ascii=False))
    click.echo(f"{len(ids):,} campaigns", err=True)


@campaigns.command("show")
@click.argument("campaign_id")
@json_option
@plainly
def show_campaign(campaign_id: str, as_json: bool) -> None:
    """One campaign, and where its changes are."""
    with reading():
        row = campaign_row(campaign_id)
        document = serialize.campaign(row, connections.organizations())
        line = line_of(campaign_queries.get_campaign(campaign_id))
    if as_json:
        echo_json(document)
        return
    for name, value in document.items():
        if name not in ("advertiser", "sync"):
            click.echo(f"{name}: {'-' if value is None else value}")
    click.echo(f"advertiser: {row.advertiser_name or '-'} ({row.advertiser_id or '-'})")
    click.echo(f"sync: {' '.join(filter(None, (line.words, line.more)))}")


def _words(row: Row) -> list[str]:
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
