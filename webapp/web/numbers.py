"""Numbers in addresses: those that a row may have. Of others there is nothing, and nobody asks."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

# The largest of PostgreSQL's integer.
MAX_ID = 2_147_483_647


class RowId(IntegerConverter):
    """``<int:...>``, up to what the database takes."""

    def __init__(self, url_map: Map, **given: Any) -> None:
        super().__init__(url_map, **{"max": MAX_ID, **given})


def init_app(app: Flask) -> None:
    """Must come before the addresses."""
    app.url_map.converters["int"] = RowId
