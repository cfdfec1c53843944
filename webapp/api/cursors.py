"""Cursors: where a walk goes on, signed, and good only for the walk that they come from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from webapp.web.problems import FieldError, Problem

START = "start"
TIME = "at"


def write(place: Sequence[Any] | None, *walk: object) -> str | None:
    """The cursor for a place; ``walk`` is all that says what is walked through."""
    if place is None:
        return None
    plain = [{TIME: value.isoformat()} if isinstance(value, datetime) else value for value in place]
    return str(_serializer(walk).dumps(plain))


def read(text: str, *walk: object, argument: str = "cursor") -> list[Any] | None:
    """The place; ``None`` for the beginning. Raises ``Problem`` for a cursor of another walk."""
    if text == START:
        return None
    try:
        plain = _serializer(walk).loads(text)
    except BadData:
        words = "This is no cursor of this list. Begin again with “start”."
        raise Problem("invalid", errors=[FieldError(f"?{argument}", words)]) from None
    return [datetime.fromisoformat(v[TIME]) if isinstance(v, dict) else v for v in plain]


def _serializer(walk: Sequence[object]) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=f"cursor {walk!r}")
