"""Waiting for the outcome of something that the worker does, as long as the script wants to.

What is looked for is read in short transactions, and none is held between two looks.
"""

import time
from collections.abc import Callable
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

T = TypeVar("T")


# Who waits takes up a thread of the process; half of them are kept for everybody else.
_places = Places()


def wait_until(look: Callable[[], T | None], seconds: float) -> T | None:
    """What ``look`` gives as soon as it gives something; ``None`` when the time is over.

    It is called once at least. What it gives must be plain data: the transaction in which it was
    read has ended. Nothing may be under way in the session: commit before.
    """
    until = time.monotonic() + seconds
    most_waiting = current_app.config["SETTINGS"].web_threads // 2
    with _places.taken(most_waiting) as has_place:
        for pause in chain(PAUSES, repeat(LAST_PAUSE)):
            found = _look(look)
            left = until - time.monotonic()
            if found is not None or left <= 0 or not has_place:
                return found
            time.sleep(min(pause, left))
    return None


def _look(look: Callable[[], T | None]) -> T | None:
    with reading(LOOK_SECONDS):
        try:
            return look()
        finally:
            db.session.rollback()


def wanted_seconds(default: float, most: int = MOST_SECONDS) -> float:
    """How long this request may wait: ``Prefer: wait=N``, or not at all (``respond-async``).

    What was heeded is said in the answer's ``Preference-Applied``; what cannot be read is not.
    """
    preferred = parse_dict_header(request.headers.get("Prefer", ""))
    text = preferred.get("wait") or ""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        seconds = min(int(text), most)
        _say_applied(f"wait={seconds}")
        return seconds
    if "respond-async" in preferred:
        _say_applied("respond-async")
        return 0
    return default


def _say_applied(text: str) -> None:
    @after_this_request
    def say(response: Response) -> Response:
        response.headers["Preference-Applied"] = text
        return response
