"""Lists that are bare arrays: what page it is, and where the next is, stand in the headers."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

HEADERS = frozenset({"Link", "X-Total-Count"})


def bare_page(
    rows: Sequence[Any], page: int, per_page: int, total: int | None, *, more: bool | None = None
) -> Response:
    """The array, with ``Link`` (RFC 8288) and ``X-Total-Count`` as far as that is known.

    ``more`` says whether a page follows; left out, the total says it.
    """
    response = jsonify(rows)
    last = None if total is None else max(1, -(-total // per_page))
    follows = last is not None and page < last if more is None else more
    pages = {
        "first": 1 if page > 1 else None,
        "prev": page - 1 if page > 1 else None,
        "next": page + 1 if follows else None,
        "last": last if follows else None,
    }
    links = [
        f'<{_address(number, per_page)}>; rel="{rel}"' for rel, number in pages.items() if number
    ]
    if links:
        response.headers["Link"] = ", ".join(links)
    if total is not None:
        response.headers["X-Total-Count"] = str(total)
    return response


def _address(page: int, per_page: int) -> str:
    arguments = request.args.to_dict() | {"page": str(page), "per_page": str(per_page)}
    return f"{request.base_url}?{urlencode(arguments)}"
