"""Runs and outgoing changes in the words that operators read."""

from collections.abc import Mapping

# State of a run: word, icon and tone of its pill.
RUN_PILLS = {
    "requested": ("Asked for", "clock", "wait"),
    "running": ("Running", "refresh", "wait"),
    "complete": ("Complete", "check", "ok"),
    "incomplete": ("Incomplete", "alert", "warn"),
    "failed": ("Failed", "x-circle", "bad"),
    "lost": ("Broken off", "question", "warn"),
    "braked": ("Stopped by the brake", "pause", "warn"),
    "cancelled": ("Cancelled", "x-circle", "idle"),
}

# What a run's state means, where the run itself has no sentence about it.
RUN_MEANINGS = {
    "requested": "The worker starts it in a moment.",
    "running": "It is reading now.",
    "complete": "Every record was read.",
    "incomplete": "Not all could be read. What was read is here; nothing was marked missing.",
    "failed": "Nothing could be read, and nothing was changed here.",
    "lost": "The worker stopped in the middle. What was read until then is here.",
    "braked": "Too much was missing at once, so nothing was marked as missing.",
    "cancelled": "An operator stopped it. What was read until then is here.",
}

TRIGGERS = {"start": "at start", "schedule": "on schedule", "operator": "asked for"}

# State of an unfinished change: what operators call it, and its pill.
CHANGE_WORDS = {
    "ready": "waiting",
    "held": "on hold",
    "claimed": "sending",
    "sent": "sending",
    "settling": "checking",
    "probing": "checking",
}
CHANGE_PILLS = {
    "settling": ("Checking", "refresh", "wait"),
    "probing": ("Checking", "refresh", "wait"),
    "rejected": ("Refused", "x-circle", "bad"),
    "parked": ("Needs you", "pause", "warn"),
}


def going_out(counts: Mapping[str, int]) -> dict[str, int]:
    """Unfinished outgoing changes by the word that operators have for their state."""
    found = dict.fromkeys(CHANGE_WORDS.values(), 0)
    for state, number in counts.items():
        found[CHANGE_WORDS[state]] += number
    return found
