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
        is_kept = has_request_context() and not endpoint.startswith(".")
        if not is_kept or any(type(each) not in KEPT for each in values.values()):
            return super().url_for(endpoint, **values)
        if any(name.startswith("_") for name in values):
            return super().url_for(endpoint, **values)
        return _address(self, (request.root_path, request.method), endpoint, tuple(values.items()))


@lru_cache(MOST_KEPT)
def _address(app: Flask, _within: tuple[str, str], endpoint: str, values: Given) -> str:
    return Flask.url_for(app, endpoint, **dict(values))
