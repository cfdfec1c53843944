"""Locking secrets that the database keeps: credentials of connections, second factors.

Each text is bound to the place it belongs to (``connection:3:credential``), inside what is locked:
copied into another row it does not open. The keys are those of ``webapp.core.keys``.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from webapp.core.keys import encryption_keys

BETWEEN = "\n"


class CannotOpen(Exception):
    """None of the keys opens this, or it belongs to another place. Nothing of it is shown."""


def encrypt(text: str, *, bound_to: str) -> str:
    """The text, locked with the newest key."""
    return _keys().encrypt(f"{bound_to}{BETWEEN}{text}".encode()).decode("ascii")


def decrypt(text: str, *, bound_to: str) -> str:
    """What was locked for this place. Raises :class:`CannotOpen`."""
    try:
        opened = _keys().decrypt(text.encode()).decode()
    except (InvalidToken, UnicodeDecodeError):
        raise CannotOpen("No key opens this.") from None
    place, _, content = opened.partition(BETWEEN)
    if place != bound_to:
        raise CannotOpen("This was locked for another place.")
    return content


def is_newest(text: str) -> bool:
    """Whether the newest key locked this."""
    newest = encryption_keys(current_app.config["SETTINGS"])[0]
    try:
        Fernet(newest).decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    keys = encryption_keys(current_app.config["SETTINGS"])
    return MultiFernet([Fernet(key) for key in keys])
