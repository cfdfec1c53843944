"""The kinds of matters, what they are called, and which of them somebody hears of by e-mail."""

from collections.abc import Mapping

LATE, FAILING, PAUSED, HELD, BRAKED = "late", "failing", "paused", "held", "braked"
CONFLICT, REFUSED, PARKED, DUPLICATE = "conflict", "refused", "parked", "duplicate"
STUCK, WORKER = "stuck", "worker"
# The row of this kind is no matter: it says when matters were last looked for.
LOOK = "look"
# No matter either: whether somebody wants yesterday's numbers.
DIGEST = "digest"

NAMES: Mapping[str, str] = {
    LATE: "Late sync",
    FAILING: "Failing sync",
    PAUSED: "Paused connection",
    HELD: "Sending paused by someone",
    BRAKED: "Brake",
    STUCK: "Nothing is sent",
    WORKER: "No worker",
    CONFLICT: "Conflicts",
    REFUSED: "Refused",
    PARKED: "To be settled",
    DUPLICATE: "Booked twice",
}
HINTS: Mapping[str, str] = {
    LATE: "An account was not read completely for two intervals.",
    FAILING: "The last sync run did not come through.",
    PAUSED: "An error keeps an account from being read and written.",
    HELD: "All sending to an account is paused.",
    BRAKED: "Too much was missing at once, and someone has to decide.",
    STUCK: "Changes are due, and none goes out.",
    WORKER: "Nothing was read or sent for a while.",
    CONFLICT: "Both sides changed a campaign, and no one has decided for hours.",
    REFUSED: "Megaphone refused a change, hours ago.",
    PARKED: "What became of a change is not known, for hours.",
    DUPLICATE: "Megaphone has a booking twice, for hours.",
}
# The banner says these by itself, with their age.
SAID_BY_FRESHNESS = (LATE, PAUSED)
HEAR_BY_THEMSELVES = frozenset({"manager", "admin"})


def wants_unasked(role: str, kind: str) -> bool:
    """What somebody gets who has not chosen: those who run the place, all but the digest."""
    return kind != DIGEST and role in HEAR_BY_THEMSELVES
