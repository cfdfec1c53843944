"""Ids that are numbers, as they stand in addresses."""

from webapp.api.schemas.base import MAX_ID
from webapp.core.errors import NotFound

MOST_DIGITS = 10


def number_of(text: str, what: str) -> int:
    """The number of an id. Raises ``NotFound`` for what can be none; ``what`` names the thing."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
    if not 0 < number <= MAX_ID:
        raise NotFound(f"There is no such {what}.")
    return number
