"""Who may call the API: a bearer token, never a cookie."""

from flask import Blueprint, abort


def protect(blueprint: Blueprint) -> None:
    """Let nothing in this blueprint be reached without a live token."""
    blueprint.before_request(_check)


def _check() -> None:
    abort(401)
