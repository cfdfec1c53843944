"""``flask api``: the documents of the JSON API, as files."""

from pathlib import Path

import click
from flask.cli import AppGroup

from webapp.api.openapi import document_text
from webapp.api.postman import collection_text

FOLDER = Path(__file__).parents[2] / "docs" / "api"

api = AppGroup("api", help="The documents of the JSON API.")

_output = click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where to write it; “-” is the standard output.",
)


@api.command("document")
@_output
def write_document(output: Path | None) -> None:
    """Write the OpenAPI document; the committed copy, unless told otherwise."""
    _write(document_text(), output or FOLDER / "openapi.json")


@api.command("postman")
@_output
def write_collection(output: Path | None) -> None:
    """Write the Postman collection; the committed copy, unless told otherwise."""
    _write(collection_text(), output or FOLDER / "postman.json")


def _write(text: str, output: Path) -> None:
    if str(output) == "-":
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    click.echo(f"Written to {output}.", err=True)
