"""Settings as views need them: services and queries get them as arguments."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import current_app, request


def sync_interval() -> timedelta:
    return timedelta(minutes=current_app.config["SETTINGS"].sync_interval_minutes)


def base_url() -> str:
    """The beginning of links that others open. What a request says of it is only a guess."""
    known: str | None = current_app.config["SETTINGS"].base_url
    return known or request.url_root.rstrip("/")


def zone() -> ZoneInfo:
    """The time zone that pages write times and days in."""
    found: ZoneInfo = current_app.config["ZONE"]
    return found
