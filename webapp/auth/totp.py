"""Codes by time, as apps on phones make them: the secret, its picture, and the step of a code.

Nothing here reads or writes the database.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno

ISSUER = "Flightdeck"
STEP = timedelta(seconds=30)
DIGITS = 6
# How many steps before and after now a code may belong to.
WINDOW = 1
# How far a clock is looked for that goes wrong.
FAR = 2 * 60 * 6
GROUP = 4
# Modules that have to be left light around a QR code.
BORDER = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code, to be drawn as an SVG: the length of its sides, and the path of what is dark."""

    size: int
    path: str


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """What the picture says to an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def picture(secret: str, email: str) -> Picture:
    """The address as a QR code."""
    rows = segno.make(address(secret, email), micro=False).matrix
    path = "".join(
        f"M{x + BORDER} {y + BORDER}.5h1"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return Picture(len(rows) + 2 * BORDER, path)


def in_groups(secret: str) -> str:
    """The secret as a person types it."""
    return " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP))


def is_code(typed: str) -> bool:
    """Whether this can be a code at all; ``typed`` is as :func:`plain` gives it."""
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def plain(typed: str) -> str:
    """Without blanks and hyphens, which some apps show and people type."""
    return "".join(character for character in typed if character.isalnum()).lower()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which step of time this is the code of, within the window; ``None`` for no such."""
    return _nearest(secret, code, now, WINDOW)


def drift(secret: str, code: str, now: datetime) -> timedelta | None:
    """How far the clock that made this code is from ours: positive when it is ahead."""
    step = _nearest(secret, code, now, FAR)
    return None if step is None else (step - step_at(now)) * STEP


def step_at(now: datetime) -> int:
    return int(now.timestamp() // STEP.total_seconds())


def _nearest(secret: str, code: str, now: datetime, window: int) -> int | None:
    made = pyotp.TOTP(secret)
    current = step_at(now)
    # All are compared, so that the time taken tells nothing.
    fitting = [
        step
        for step in range(max(current - window, 0), current + window + 1)
        if hmac.compare_digest(made.generate_otp(step), code)
    ]
    return min(fitting, key=lambda step: abs(step - current), default=None)
