"""Calling the webhook of the settings: signed JSON to one address, which may not be a private one.

``X-Flightdeck-Signature: t=1767225600,v1=…`` is the HMAC-SHA256 of the moment, a dot and the body.
"""

import hashlib
import hmac
from datetime import datetime

from webapp.core.config import Settings
from webapp.core.http import HttpFailure
from webapp.core.outgoing import LIMITS, call
from webapp.notices.mail import Undelivered

USER_AGENT = "Flightdeck webhook"


def send(settings: Settings, key: str, body: str, now: datetime) -> None:
    """Raises :class:`Undelivered`."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        raise Undelivered("No webhook is set any more.")
    content = body.encode()
    headers = {
        "Content-Type": "application/json",
        "X-Flightdeck-Id": key,
        "X-Flightdeck-Signature": signature(
            settings.webhook_secret.get_secret_value(), content, now
        ),
    }
    try:
        answer = call(
            USER_AGENT,
            "POST",
            settings.webhook_url.get_secret_value(),
            headers=headers,
            body=content,
            private=settings.webhook_private,
            limits=LIMITS,
        )
    except HttpFailure as failure:
        raise Undelivered(f"The webhook {failure}.") from None
    if not 200 <= answer.status < 300:
        raise Undelivered(f"The webhook answered {answer.status}.")


def signature(secret: str, body: bytes, now: datetime) -> str:
    moment = int(now.timestamp())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"
