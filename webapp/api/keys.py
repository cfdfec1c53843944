"""Requests that may come again: one wish, said twice, is done once."""

import uuid

from flask import request

from webapp.api.access import current_token

HEADER = "Idempotency-Key"
_SPACE = uuid.UUID("5b0c2f0e-6d0f-4f43-9c0b-0f7a2f6c1d11")


def intent_key(part: str = "") -> uuid.UUID:
    """Names what this request wants, so that services do it once.

    The same key of the same token names the same wish, even when a first try died half-way.
    ``part`` tells the wishes of one request apart.
    """
    sent = request.headers.get(HEADER)
    if sent is None:
        return uuid.uuid4()
    return uuid.uuid5(_SPACE, f"{current_token().id} {request.path} {sent} {part}")
