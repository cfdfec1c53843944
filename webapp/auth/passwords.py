"""Passwords: their rules, and the digests that are kept instead of them."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.auth import guessable
from webapp.core.config import MIN_PASSWORD_LENGTH

MAX_LENGTH = 128
TOO_SHORT = f"A password needs at least {MIN_PASSWORD_LENGTH} characters."
TOO_LONG = f"A password has at most {MAX_LENGTH} characters."
TOO_COMMON = (
    "This password is one of the first that somebody would guess: it is a common one, or made of "
    "repeats, of keys that lie side by side, or of one word and a year. Choose another."
)
TOO_CLOSE = "A password must be more than your e-mail address, or our name, and a little besides."
LEAST_BESIDES = 8
RANDOM_BYTES = 18  # as text, 24 characters
# Of somebody who has no password: they sign in elsewhere. No text fits it.
NONE = "!"

# OWASP's parameters for Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_of(text: str) -> str:
    """A digest of its own for each call."""
    return _hasher.hash(_composed(text))


def fits(digest: str, text: str) -> bool:
    """Whether the digest was made of this password. Takes long on purpose."""
    try:
        return _hasher.verify(digest, _composed(text))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(digest: str) -> bool:
    """Whether a digest that fitted was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(digest)


def problem(text: str, *, email: str) -> str | None:
    """Why nobody with this e-mail address may have this password; ``None`` when they may."""
    text = _composed(text)
    if len(text) < MIN_PASSWORD_LENGTH:
        return TOO_SHORT
    if len(text) > MAX_LENGTH:
        return TOO_LONG
    besides = guessable.without_email(text, email)
    if len(besides) < LEAST_BESIDES:
        return TOO_CLOSE
    if len(guessable.without_runs(besides)) < LEAST_BESIDES or guessable.is_common(text):
        return TOO_COMMON
    return None


def random() -> str:
    """A password nobody has to think of."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def _composed(text: str) -> str:
    # One keyboard sends a letter and its accent as one character, another as two.
    return unicodedata.normalize("NFC", text)
