"""Reading what the control endpoint is sent; anything unusable is a :class:`BadRequest`."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request

from webapp.sandbox.paging import read_number
from webapp.sandbox.records import Record

MOST_RECORDS = 1_000_000


class BadRequest(ValueError):
    """Input that the control endpoint cannot use, with a sentence that says why."""


def read_json() -> Any:
    """The body; an empty one counts as an empty object."""
    try:
        return json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"The body is not JSON: {problem}.") from problem


def read_object() -> Record:
    """The body, which has to be an object."""
    body = read_json()
    if not isinstance(body, dict):
        raise BadRequest("The body is a JSON object.")
    return body


def counts(body: Mapping[str, object], names: tuple[str, ...]) -> dict[str, int]:
    """Whole numbers by those names, and nothing else."""
    unknown_names = set(body) - set(names)
    if unknown_names:
        wrong, right = ", ".join(sorted(unknown_names)), ", ".join(names)
        raise BadRequest(f"There is no {wrong} here. There are: {right}.")
    found: dict[str, int] = {}
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_RECORDS:
            raise BadRequest(f"{name} is a whole number from 0 to {MOST_RECORDS}, not {value!r}.")
        found[name] = value
    return found


def after() -> int:
    """The argument ``after`` of a log: the number to go on from."""
    return read_number(request.args.get("after"), 0, 10**12)
