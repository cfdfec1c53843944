"""A body says how long it is: one that comes in chunks would be cut at the limit, unseen."""

from flask import Flask, request
from flask.typing import ResponseReturnValue

from webapp.web import errors

NO_LENGTH = "Send the whole body at once, with its Content-Length, not in chunks."


def init_app(app: Flask) -> None:
    """Must come before whatever reads a form."""
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if "Transfer-Encoding" in request.headers and request.content_length is None:
        return errors.answer(400, NO_LENGTH)
    return None
