"""What an answer was, as ``ETag``: to learn that nothing is new, and to change only what was read.

A campaign's is ``"version-event-digest"``: its version is what ``If-Match`` compares, so that the
ad server's confirmation does not get in the way; the last event of its timeline says from where on
others' changes count; the digest is of all that was answered.
"""

import hashlib
from dataclasses import dataclass

import orjson
from flask import Response, request

from webapp.api.serialize import Json

MATCH = "If-Match"
NONE_MATCH = "If-None-Match"
MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """What a script had read. ``event_id`` is ``None`` where it only names the version."""

    version: int
    event_id: int | None


def of_campaign(answer: Json, event_id: int) -> str:
    digest = hashlib.sha256(repr(sorted(answer.items())).encode()).hexdigest()[:16]
    return f"{answer['version']}-{event_id}-{digest}"


def seen() -> list[Seen] | None:
    """What ``If-Match`` names; ``None`` where it does not matter."""
    sent = request.if_match
    if MATCH not in request.headers or sent.star_tag:
        return None
    parts = [tag.split("-") for tag in sorted(sent.as_set(include_weak=True))]
    return [_seen(each) for each in parts if all(_is_number(text) for text in each[:2])]


def _seen(parts: list[str]) -> Seen:
    return Seen(int(parts[0]), int(parts[1]) if len(parts) > 1 else None)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def unless_known(answer: Json, etag: str | None = None) -> Response:
    """The answer, or 304 when the script has it already. Without ``etag``, that of its bytes."""
    # A hundred campaigns by the standard library take a tenth of the whole request.
    response = Response(orjson.dumps(answer), mimetype="application/json")
    if etag is None:
        response.add_etag(weak=True)
    else:
        response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
