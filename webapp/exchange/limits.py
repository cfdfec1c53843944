"""How much may be sent to the import, where everything else takes far less."""

from flask import Flask, request

from webapp.exchange.reading import MOST_BYTES

UPLOAD = "exchange.upload"
# What is too large is taken in up to here, so that a page can say so.
MOST_TAKEN = 3 * MOST_BYTES


def init_app(app: Flask) -> None:
    """Must come before whatever reads forms."""
    app.before_request(_raise_limit)


def _raise_limit() -> None:
    if request.endpoint == UPLOAD:
        request.max_content_length = MOST_TAKEN
