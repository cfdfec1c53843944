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

# What a running run is reading.
STAGES = {
    "agencies": "reading agencies",
    "advertisers": "reading advertisers",
    "campaigns": "reading campaigns",
    "missing": "looking for what was missing",
}

# What every template about runs needs.
RUN_WORDS = {
    "pills": RUN_PILLS,
    "meanings": RUN_MEANINGS,
    "triggers": TRIGGERS,
    "stages": STAGES,
}

# The run list's filter by time: hours, and the words for them.
SINCE = {
    "day": (24, "the last 24 hours"),
    "week": (7 * 24, "the last 7 days"),
    "month": (30 * 24, "the last 30 days"),
}

# What a run did to a record of ours: word, icon and tone of its pill.
PULLED_WORDS = {
    "changed": ("Changed", "refresh", "ok"),
    "conflict": ("Conflict", "alert", "warn"),
    "gone": ("Gone", "question", "idle"),
    "back": ("Back", "undo", "ok"),
}

DECISIONS = {"apply": "to accept them as missing, once", "keep": "to keep them all"}

# What ends a pause that the ad server caused, by the code of its error.
PAUSE_STEPS = {
    "auth_failed": "Enter a token that works, or set it as MEGAPHONE_API_TOKEN and start again.",
    "permission_denied": "Have the token's user allowed to do this in Megaphone, then check again.",
    "contract_changed": "Megaphone does not speak as agreed. Flightdeck may need another version.",
    "unsupported": "Mend the address and the organisation in the settings and start again.",
}

# What a check finds of an ad server: its name among the capabilities, and ours.
CAPABILITY_WORDS = {
    "create_campaign": "Booking campaigns",
    "update_fields": "Fields that can be changed",
    "immutable_fields": "Fields that stay as booked",
    "archive": "Archiving",
    "delete": "Deleting",
    "budget_kinds": "Budgets",
    "native_idempotency": "Recognises a request sent twice",
    "page_size": "Records a page",
}
ARCHIVE_WORDS = {
    "none": "no",
    "one_way": "yes, for good",
    "reversible": "yes",
    "local_only": "kept here only",
}

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
