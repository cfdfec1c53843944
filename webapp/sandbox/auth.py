"""Who may ask: the four spellings of the Authorization header that real clients send."""

import hmac
import re

# Rails reads the scheme, then `token=` with or without quotes, or a bare value.
_SCHEME = re.compile(r"(?:Token|Bearer)\s+(.+)")
_NAMED = re.compile(r'token="?([^",;\s]*)"?')
DENIED = "HTTP Token: Access denied.\n"
CHALLENGE = 'Token realm="Application"'


def read_token(header: str | None) -> str | None:
    """The token inside ``Token token="T"``, ``Token token=T``, ``Token T`` or ``Bearer T``."""
    scheme = _SCHEME.match(header or "")
    if not scheme:
        return None
    named = _NAMED.search(scheme[1])
    return named[1] if named else scheme[1].strip()


def same_token(given: str | None, expected: str) -> bool:
    """Whether the given token is the one that this server was started with."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
