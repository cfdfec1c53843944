"""Addresses within the application, put together once: every page has dozens of the same."""

from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request

MOST_KEPT = 2_000
# No two of these are the same key, as True and 1 are.
KEPT = (str, int, type(None))
Given = tuple[tuple[str, Any], ...]


class Application(Flask):
    """Flask, which would put each address together anew."""

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """The same. Whole addresses, of whichever host was asked, are not kept."""
        if not _is_kept(endpoint, values):
            return super().url_for(endpoint, **values)
        return _address(self, (request.root_path, request.method), endpoint, tuple(values.items()))


def _is_kept(endpoint: str, values: dict[str, Any]) -> bool:
    if not has_request_context() or endpoint.startswith("."):
        return False
    # Flask's function for views names all that it was not given, too.
    if any(name.startswith("_") and each is not None for name, each in values.items()):
        return False
    return all(type(each) in KEPT for each in values.values())


@lru_cache(MOST_KEPT)
def _address(app: Flask, _within: tuple[str, str], endpoint: str, values: Given) -> str:
    return Flask.url_for(app, endpoint, **dict(values))
