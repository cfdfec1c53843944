"""``/.well-known/security.txt`` (RFC 9116): whom to tell of a weakness, where that is set."""

from datetime import UTC, datetime, time

from flask import Blueprint, Response, abort, current_app

from webapp.core.config import Settings

PATH = "/.well-known/security.txt"

blueprint = Blueprint("contact", __name__)


@blueprint.get(PATH)
def security_txt() -> Response:
    """404 while nobody is named."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.security_contact or not settings.security_expires:
        abort(404)
    # The day itself still counts.
    expires = datetime.combine(settings.security_expires, time(23, 59, 59), UTC)
    fields = [
        f"Contact: {settings.security_contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
    ]
    if settings.base_url and settings.base_url.startswith("https:"):
        fields.append(f"Canonical: {settings.base_url}{PATH}")
    return Response("\n".join([*fields, ""]), mimetype="text/plain")
