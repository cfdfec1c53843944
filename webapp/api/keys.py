"""Requests that may come again: one wish, said twice, is done once."""

import re
import uuid

from flask import g, request

from webapp.web.problems import Problem

HEADER = "Idempotency-Key"
METHOD = "POST"
MOST = 255
_USABLE = re.compile(r"[!-~]{1,255}")
_SPACE = uuid.UUID("5b0c2f0e-6d0f-4f43-9c0b-0f7a2f6c1d11")


def sent_key() -> str | None:
    """The key of this request. Only POST takes one. Raises ``Problem`` for one that is no key."""
    sent = request.headers.get(HEADER) if request.method == METHOD else None
    if sent is not None and not _USABLE.fullmatch(sent):
        words = f"{HEADER} takes 1 to {MOST} characters of ASCII that can be seen: no blanks."
        raise Problem("bad_request", words)
    return sent


def intent_key(part: str = "") -> uuid.UUID:
    """Names what this request wants, so that services do it once.

    A request that comes again with its key wants the same, even when the first try died half-way
    (:mod:`webapp.api.answers`). ``part`` tells the wishes of one request apart.
    """
    wish: str | None = g.get("api_wish")
    return uuid.uuid4() if wish is None else uuid.uuid5(_SPACE, f"{wish} {part}")
