"""Masks secrets in log events: known values anywhere, and whatever stands under a telling name.

Works on the finished event, texts of exceptions and tracebacks included, just before it is
rendered, so that nothing gets past it by another way in.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from structlog.typing import EventDict, WrappedLogger

from webapp.core.config import SECRET_NAMES, Settings
from webapp.core.keys import encryption_keys, secret_key

MASK = "[hidden]"
SHORTEST_SECRET = 4
DEEPEST = 8
LONGEST_TEXT = 32_768

_TELLING = (
    r"password|passwd|passphrase|secret|token|authorization|cookie|csrf|api[_-]?key|credential"
)
_TELLING_KEY = re.compile(_TELLING, re.IGNORECASE)
# A digest, a name or a count of a secret is none; these keys hold such.
_HARMLESS_KEYS = frozenset({"token_name", "token_id", "token_count"})

_OURS_BEGIN = "fdk_"
# Every pattern below looks for a sign that this has none of, or for a token of ours.
_PLAIN = re.compile(r"[\w.-]+")
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
# Each keeps its first group and loses the rest.
_PATTERNS = (
    # A header in text: the rest of its line is its value, unless it stands in a dict's repr.
    re.compile(
        r"(\b(?:proxy-)?authorization\b\s*[:=]\s*)[^\n'\"{}]+(?:\"[^\"\n]*\")?", re.IGNORECASE
    ),
    re.compile(r"(\b(?:set-)?cookie\b\s*[:=]\s*)[^\n'\"{}]+", re.IGNORECASE),
    re.compile(r"(\bbearer\s+)[^\s'\",;]+", re.IGNORECASE),
    re.compile(rf"(\btoken\s+token=)(?:{_QUOTED}|[^\s'\",;]+)", re.IGNORECASE),
    # name=value, "name": "value", ('name', 'value')
    re.compile(
        # From the start of the word only: else a long one would be searched from each letter.
        rf"((?<![\w-])[\w-]*(?:{_TELLING})[\w-]*(?:\\?['\"]?\s*[=:]|\\?['\"],)\s*\[?)"
        rf"[bru]?(?:{_QUOTED}|\\?['\"]?[^\s,;&'\"(){{}}\[\]]+)",
        re.IGNORECASE,
    ),
    re.compile(rf"(\b{_OURS_BEGIN})[\w-]+"),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
    # What a statement was given may be a password's digest or an operator's text.
    re.compile(r"(\[parameters: ).+"),
)


class Redactor:
    """A structlog processor. ``secrets`` are values that may appear nowhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= SHORTEST_SECRET
            for spelling in (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])
        }
        # Longest first: a secret that begins with another is hidden whole.
        ordered = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {self.text(key): self._value(key, value) for key, value in event.items()}

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        # Most texts are names and ids; looking each through for all patterns costs a millisecond.
        if _PLAIN.fullmatch(text) and _OURS_BEGIN not in text.lower():
            return _cut(text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{MASK}", text)
        return _cut(text)

    def _value(self, key: str, value: object, depth: int = 0) -> object:
        if _TELLING_KEY.search(key) and key not in _HARMLESS_KEYS and value is not None:
            return MASK
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth < DEEPEST and isinstance(value, Mapping):
            return {self.text(str(k)): self._value(str(k), v, depth + 1) for k, v in value.items()}
        if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self._value("", item, depth + 1) for item in value]
        return self.text(value if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} [cut]"


def secrets_of(settings: Settings) -> list[str]:
    """Every secret value the settings hold, the made keys included."""
    found = [secret_key(settings), *encryption_keys(settings)]
    for name in SECRET_NAMES:
        value = getattr(settings, name.lower())
        if isinstance(value, SecretStr) and name != "DATABASE_URL":
            found.append(value.get_secret_value())
    if settings.database_url:
        url = make_url(settings.database_url.get_secret_value())
        found.append(str(url.password or ""))
    return found
