"""Folding text for search and sort: case, accents and width do not matter, the order is stable."""

import unicodedata


def fold(text: str) -> str:
    """``"Café No. 5"`` as ``"cafe no. 5"``: what people mean when they type without looking."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
