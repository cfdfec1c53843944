"""What a process remembers for a while of how frequent something is."""

from webapp.campaigns.search import is_frequent
from webapp.campaigns.stretches import is_long


def forget() -> None:
    is_frequent.cache_clear()
    is_long.cache_clear()
