"""``flask advertisers list``."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Row

from webapp.advertisers import queries
from webapp.cli.plain import echo_json, json_option, plainly
from webapp.core.db import reading
from webapp.core.listing import MAX_PAGE, PER_PAGE_CHOICES, ListParams
from webapp.exchange.guard import guarded
from webapp.exchange.writing import as_text

HEADINGS = ("id", "megaphone_id", "name", "agency")

advertisers = AppGroup("advertisers", help="Advertisers, mirrored from the ad servers.")


@advertisers.command("list")
@click.argument("query", default="")
@click.option("--page", type=click.IntRange(1, MAX_PAGE), help="The first by default.")
@click.option(
    "--rows", type=click.Choice([str(n) for n in PER_PAGE_CHOICES]), help="50 by default."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print all that is found as CSV.")
@json_option
@plainly
def list_advertisers(
    query: str, page: int | None, rows: str | None, as_csv: bool, as_json: bool
) -> None:
    """Advertisers with every word of QUERY in their name or their agency's.

    A page of them; with --csv all, and with --json too unless --page or --rows is given.
    """
    if as_csv and as_json:
        raise click.UsageError("Choose --csv or --json.")
    if len(query) > queries.ADVERTISERS.max_query:
        most = f"It may have {queries.ADVERTISERS.max_query:,} characters."
        raise click.BadParameter(most, param_hint="QUERY")
    arguments = {"q": query, "page": str(page or 1), "per_page": rows or ""}
    params = queries.ADVERTISERS.parse(arguments)
    with reading():
        if as_csv:
            _print_file(params)
        elif as_json:
            _print_json(params, is_page=bool(page or rows))
        else:
            _print_page(params)


def _print_file(params: ListParams) -> None:
    """The whole list, however long, some lines at a time."""
    click.echo(as_text([HEADINGS]), nl=False)
    number = 0
    for rows in queries.all_advertisers(params):
        cells = [[guarded(text or "") for text in _line(row)] for row in rows]
        click.echo(as_text(cells), nl=False)
        number += len(rows)
    click.echo(f"{number:,} advertisers", err=True)


def _print_json(params: ListParams, *, is_page: bool) -> None:
    parts = [queries.list_advertisers(params).items] if is_page else queries.all_advertisers(params)
    lines = [_line(row) for part in parts for row in part]
    echo_json([dict(zip(HEADINGS, line, strict=True)) for line in lines])


def _print_page(params: ListParams) -> None:
    found = queries.list_advertisers(params)
    for row in found.items:
        click.echo("  ".join(text or "-" for text in _line(row)))
    words = f"{found.first:,}-{found.last:,} of {found.total:,}" if found.items else "None."
    click.echo(words, err=True)


def _line(row: Row[Any]) -> list[str | None]:
    return [str(row.id), row.remote_id, row.name, row.agency_name]
