"""Settings as views need them: services and queries get them as arguments."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import current_app


def sync_interval() -> timedelta:
    return timedelta(minutes=current_app.config["SETTINGS"].sync_interval_minutes)


def zone() -> ZoneInfo:
    """The time zone that pages write times and days in."""
    found: ZoneInfo = current_app.config["ZONE"]
    return found
