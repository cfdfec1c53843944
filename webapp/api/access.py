"""Who may call the API: a bearer token, never a cookie."""

from flask import Blueprint, abort


def protect(blueprint: Blueprint) -> None:
    """Let nothing in this blueprint be reached without a live token."""
    # Blueprints belong to the module: a second application in one process finds the check set.
    checks = blueprint.before_request_funcs.setdefault(None, [])
    if _check not in checks:
        checks.append(_check)


def _check() -> None:
    abort(401)
