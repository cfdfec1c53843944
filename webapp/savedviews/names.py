"""What names a view in an address: a word for one that is shipped, an id for one that is saved."""

from uuid import UUID

from webapp.savedviews.shipped import SHIPPED


def tidy(text: str) -> str:
    """Raises ``ValueError`` for what can be no view's name."""
    return text if text in SHIPPED else str(UUID(text))
