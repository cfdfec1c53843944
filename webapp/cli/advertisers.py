"""``flask advertisers list``."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Row

from webapp.advertisers import queries
from webapp.cli.plain import echo_json, json_option, plainly
from webapp.core.db import reading
from webapp.core.listing import MAX_PAGE, PER_PAGE_CHOICES
from webapp.exchange.guard import guarded
from webapp.exchange.writing import as_text

HEADINGS = ("id", "megaphone_id", "name", "agency")

advertisers = AppGroup("advertisers", help="Advertisers, mirrored from the ad servers.")


@advertisers.command("list")
@click.argument("query", default="")
@click.option("--page", type=click.IntRange(1, MAX_PAGE), default=1, show_default=True)
@click.option(
    "--rows", type=click.Choice([str(n) for n in PER_PAGE_CHOICES]), default="50", show_default=True
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the page as CSV.")
@json_option
@plainly
def list_advertisers(query: str, page: int, rows: str, as_csv: bool, as_json: bool) -> None:
    """Advertisers with every word of QUERY in their name or their agency's."""
    if as_csv and as_json:
        raise click.UsageError("Choose --csv or --json.")
    if len(query) > queries.ADVERTISERS.max_query:
        most = f"It may have {queries.ADVERTISERS.max_query:,} characters."
        raise click.BadParameter(most, param_hint="QUERY")
    params = queries.ADVERTISERS.parse({"q": query, "page": str(page), "per_page": rows})
    with reading():
        found = queries.list_advertisers(params)
    lines = [_line(row) for row in found.items]
    if as_json:
        echo_json([dict(zip(HEADINGS, line, strict=True)) for line in lines])
    elif as_csv:
        cells = [[guarded(text or "") for text in line] for line in lines]
        click.echo(as_text([HEADINGS, *cells]), nl=False)
    else:
        for line in lines:
            click.echo("  ".join(text or "-" for text in line))
        words = f"{found.first:,}-{found.last:,} of {found.total:,}" if lines else "None."
        click.echo(words, err=True)


def _line(row: Row[Any]) -> list[str | None]:
    return [str(row.id), row.remote_id, row.name, row.agency_name]
