"""Reading what Megaphone says when it refuses: status, body and headers into our errors.

No public source shows a refusal's body, so every likely shape is read and none is relied upon.
What is quoted to operators is shortened and stripped of the credential and of addresses.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from webapp.adservers.megaphone.mapping import field_begun_with, field_called
from webapp.core.clock import Clock
from webapp.core.http import Answer

LONGEST_RETRY_AFTER = 3600.0
_LONGEST_QUOTE = 300
_MOST_QUOTES = 20
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,15}://\S+", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Unreadable(Exception):
    """A body that is not the JSON it should be; ``html`` when it is a page for people."""

    def __init__(self, *, html: bool) -> None:
        super().__init__("not JSON")
        self.html = html


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a request was refused: a text, and messages by our field names."""

    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def read_json(answer: Answer) -> object:
    """The body as JSON. Raises ``Unreadable``, also for the numbers JSON does not have."""
    try:
        return json.loads(answer.body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        kind = answer.headers.get("Content-Type", "").lower()
        html = "html" in kind or answer.body.lstrip()[:1] == b"<"
        raise Unreadable(html=html and bool(answer.body.strip())) from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def safe_text(text: str, secret: str) -> str:
    """A remote text fit to be shown and logged."""
    text = text.replace(secret, "[hidden]")
    text = _ADDRESS.sub("[address]", "".join(c if c.isprintable() else " " for c in text))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def request_id(headers: Mapping[str, str], secret: str) -> str | None:
    found = headers.get("X-Request-Id", "")
    return found if _REQUEST_ID.fullmatch(found) and secret not in found else None


def reasons(answer: Answer, secret: str) -> Reasons:
    """What a refusal's body says: ``error``, then ``errors``, then ``message``; often nothing."""
    try:
        body = read_json(answer)
    except Unreadable:
        return Reasons()
    if not isinstance(body, dict):
        return _from_list(body, secret) if isinstance(body, list) else Reasons()
    for name in ("error", "errors", "message"):
        value = body.get(name)
        if isinstance(value, dict):
            return _from_fields(value, secret)
        if isinstance(value, list):
            return _from_list(value, secret)
        if isinstance(value, str) and value.strip():
            return _from_list([value], secret)
    return Reasons()


def _from_fields(errors: Mapping[str, object], secret: str) -> Reasons:
    fields: dict[str, str] = {}
    texts: list[str] = []
    for name, value in list(errors.items())[:_MOST_QUOTES]:
        parts = value if isinstance(value, list) else [value]
        words = "; ".join(part for part in parts if isinstance(part, str) and part.strip())
        if not words:
            continue
        ours = field_called(name)
        if ours is not None:
            fields[ours] = _sentence(safe_text(words, secret))
        # Rails files what belongs to no field under "base".
        texts.append(safe_text(words if name == "base" else f"{name} {words}", secret))
    return Reasons(safe_text("; ".join(texts), secret), fields)


def _from_list(errors: list[object], secret: str) -> Reasons:
    texts: list[str] = []
    fields: dict[str, str] = {}
    for said in [each for each in errors if isinstance(each, str)][:_MOST_QUOTES]:
        for text in _single_messages(safe_text(said, secret)):
            texts.append(text)
            name = field_begun_with(text)
            if name is not None:
                before = f"{fields[name]} " if name in fields else ""
                fields[name] = before + _sentence(text)
    return Reasons(safe_text("; ".join(filter(None, texts)), secret), fields)


def _single_messages(text: str) -> list[str]:
    """Split what Rails joins into one line; a comma inside a message does not part it."""
    messages: list[str] = []
    for piece in text.removeprefix("Validation failed: ").split(", "):
        if messages and field_begun_with(piece) is None:
            messages[-1] += f", {piece}"
        else:
            messages.append(piece)
    return messages


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Seconds to wait by the Retry-After header, at most an hour; ``None`` if it says nothing."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - clock()).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
