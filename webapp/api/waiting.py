"""Waiting for the outcome of something that the worker does, as long as the script wants to.

What is looked for is read in short transactions, and none is held between two looks.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import chain, repeat
from typing import TypeVar

from flask import Response, after_this_request, current_app, request
from werkzeug.http import parse_dict_header

from webapp.core.db import db, reading
from webapp.core.places import Places

MOST_SECONDS = 30
LOOK_SECONDS = 5.0
PAUSES = (0.05, 0.1, 0.2)
LAST_PAUSE = 0.25

# Of a process's threads, one in so many may wait: the others are for everybody else.
SHARE = 2

T = TypeVar("T")

_places = Places()


def wait_as_asked(look: Callable[[], T | None], default: float) -> T | None:
    """:func:`wait_until`, as long as this request may wait.

    ``Preference-Applied`` says what was heeded: nothing, where there was no place to wait in.
    """
    seconds, heeded = wanted_seconds(default)
    with _place() as has_place:
        if heeded and (has_place or not seconds):
            _say_applied(heeded)
        return _looked(look, seconds if has_place else 0)


def wait_until(look: Callable[[], T | None], seconds: float) -> T | None:
    """What ``look`` gives as soon as it gives something; ``None`` when the time is over.

    It is called once at least. What it gives must be plain data: the transaction in which it was
    read has ended. Nothing may be under way in the session: commit before.
    """
    with _place() as has_place:
        return _looked(look, seconds if has_place else 0)


def _place() -> AbstractContextManager[bool]:
    return _places.taken(current_app.config["SETTINGS"].web_threads // SHARE)


def _looked(look: Callable[[], T | None], seconds: float) -> T | None:
    until = time.monotonic() + seconds
    for pause in chain(PAUSES, repeat(LAST_PAUSE)):
        found = _look(look)
        left = until - time.monotonic()
        if found is not None or left <= 0:
            return found
        time.sleep(min(pause, left))
    return None


def _look(look: Callable[[], T | None]) -> T | None:
    with reading(LOOK_SECONDS):
        try:
            return look()
        finally:
            db.session.rollback()


def wanted_seconds(default: float, most: int = MOST_SECONDS) -> tuple[float, str | None]:
    """How long this request may wait: ``Prefer: wait=N``, or not at all (``respond-async``).

    And the preference that says so, as it is heeded; what cannot be read is not.
    """
    preferred = parse_dict_header(request.headers.get("Prefer", ""))
    text = preferred.get("wait") or ""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        seconds = min(int(text), most)
        return seconds, f"wait={seconds}"
    if "respond-async" in preferred:
        return 0, "respond-async"
    return default, None


def _say_applied(text: str) -> None:
    @after_this_request
    def say(response: Response) -> Response:
        response.headers["Preference-Applied"] = text
        return response
