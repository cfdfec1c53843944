"""Requests that only try something out: their answers say so, and point at nothing."""

from flask import Response, g

HEADER = "Dry-Run"
ARGUMENT = "dry_run"
# Of what was taken back. Somebody else may make a version that has the same number, and would be
# written over by who sends that ETag as If-Match.
OF_REAL_ONES = ("Location", "ETag")


def begin(*, is_dry_run: bool) -> None:
    g.api_dry_run = is_dry_run


def is_dry_run() -> bool:
    return bool(g.get("api_dry_run"))


def say(response: Response) -> None:
    if not g.pop("api_dry_run", False):
        return
    response.headers[HEADER] = "true"
    if response.status_code < 300:
        for name in OF_REAL_ONES:
            response.headers.pop(name, None)
