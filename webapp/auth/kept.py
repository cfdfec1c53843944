"""What someone typed into a form after their session had ended: carried along while they sign in.

It travels in the page, signed, and is shown in its form again. Nothing of it is saved by that.
"""

from dataclasses import dataclass

from flask import current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from webapp.web.forms import AGAIN

MAX_AGE_SECONDS = 3600
MAX_CHARACTERS = 200_000
LEFT_OUT = ("csrf_token", AGAIN)


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent: its address, and its names and values."""

    address: str
    fields: list[tuple[str, str]]

    def signed(self) -> str:
        """The same as text for a hidden field."""
        return _signer().dumps([self.address, self.fields])


def sent() -> Kept | None:
    """The form of this request; ``None`` when there is nothing to keep.

    What another site sent is not kept: it would stand in the form as if the operator had typed it.
    """
    fields = [(n, text) for n, text in request.form.items(multi=True) if n not in LEFT_OUT]
    length = sum(len(text) for _, text in fields)
    is_ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if not length or length > MAX_CHARACTERS or not is_ours:
        return None
    return Kept(request.full_path.rstrip("?"), fields)


def read(text: str) -> Kept | None:
    """What was signed, unless it is too old or not ours."""
    try:
        address, fields = _signer().loads(text, max_age=MAX_AGE_SECONDS)
    except BadData:
        return None
    return Kept(address, [(name, value) for name, value in fields])


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept form")
