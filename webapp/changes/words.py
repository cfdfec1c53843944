"""Outgoing changes in the words that operators read: states, filters, and why one waits."""

from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    CLAIMED,
    HELD,
    IN_FLIGHT,
    PROBING,
    READY,
    REJECTED,
    SENT,
    SETTLING,
    STUCK,
    SUPERSEDED,
)

OPEN = (READY, HELD, *IN_FLIGHT)

# What the filter calls each state, and the states behind the word.
STATES: dict[str, tuple[str, ...]] = {
    "open": OPEN,
    "waiting": (READY,),
    "on-hold": (HELD,),
    "sending": (CLAIMED, SENT),
    "checking": (SETTLING, PROBING),
    "confirmed": (APPLIED,),
    "refused": (REJECTED,),
    "needs-you": (STUCK,),
    "replaced": (SUPERSEDED,),
    "cancelled": (CANCELLED,),
}
STATE_CHOICES = {
    "open": "Under way",
    **{word: word.replace("-", " ").capitalize() for word in STATES if word != "open"},
    "all": "All",
}
KIND_CHOICES = {"update": "Edit", "create": "New booking"}
AGE_CHOICES = {
    "15m": "Older than 15 min",
    "1h": "Older than 1 h",
    "1d": "Older than 1 day",
    "last-1h": "Of the last hour",
    "last-1d": "Of the last day",
    "last-7d": "Of the last 7 days",
}

# Word, icon and tone of each state's pill.
PILLS = {
    READY: ("Waiting", "clock", "wait"),
    HELD: ("On hold", "pause", "warn"),
    CLAIMED: ("Sending", "arrow-up", "wait"),
    SENT: ("Sending", "arrow-up", "wait"),
    SETTLING: ("Checking", "refresh", "wait"),
    PROBING: ("Checking", "refresh", "wait"),
    APPLIED: ("Confirmed", "check", "ok"),
    REJECTED: ("Refused", "x-circle", "bad"),
    STUCK: ("Needs you", "alert", "warn"),
    SUPERSEDED: ("Replaced", "undo", "idle"),
    CANCELLED: ("Cancelled", "x-circle", "idle"),
}
# What a state means, for the page of one change.
MEANINGS = {
    READY: "It is saved here, and goes to Megaphone when its turn comes.",
    HELD: "It is not sent until someone releases it.",
    CLAIMED: "It is being sent now.",
    SENT: "It is being sent now.",
    SETTLING: "Its answer was lost. Nothing is repeated before Megaphone was asked about it.",
    PROBING: "Megaphone is being asked whether it arrived.",
    APPLIED: "Megaphone has it.",
    REJECTED: "Megaphone said no, and nothing was changed there. Editing the campaign mends it.",
    STUCK: "Nothing more is tried by itself: someone has to look.",
    SUPERSEDED: "A later change, what Megaphone has, or a conflict to decide took its place.",
    CANCELLED: "It was cancelled before it was sent.",
}

# Why an open change has not arrived. Anything else is the code of the last error.
QUEUE, LATER, ON_HOLD, SENDING, CHECKING = "queue", "later", "on-hold", "sending", "checking"
PAUSED, ALL_ON_HOLD, BREAKER = "paused", "all-on-hold", "trial"
CONFLICT, PARKED = "conflict", "parked"
WHY = {
    QUEUE: "waiting for a turn",
    LATER: "waiting for the time that was set",
    ON_HOLD: "on hold",
    SENDING: "being sent",
    CHECKING: "being checked, as the answer was lost",
    PAUSED: "waiting while the connection is paused",
    ALL_ON_HOLD: "waiting while all sending is paused",
    BREAKER: "waiting until Megaphone answers again",
    CONFLICT: "waiting for a decision in a conflict",
    PARKED: "waiting until the campaign’s booking is settled",
    "rate_limited": "waiting because Megaphone asked for fewer requests",
    "unreachable": "waiting because Megaphone could not be reached",
    "unavailable": "waiting because Megaphone answered with an error",
    "outcome_unknown": "waiting because an answer was lost",
}


def why_words(why: str) -> str:
    return WHY.get(why, "waiting after an error")


def may_change(filtered: str | None) -> bool:
    """Whether a list filtered by this word of ``STATES`` can show something else in a while."""
    return filtered in (None, "all") or bool(set(OPEN) & set(STATES[filtered]))
