"""Bulk jobs in the words that operators read."""

from webapp.bulk.models import (
    CANCELLED,
    DONE,
    DRAFT,
    FAILED,
    FINISHED,
    IMPORT,
    LEFT_OUT,
    PAUSED,
    PLANNED,
    QUEUED,
    RUNNING,
    UNCHANGED,
    UNDO,
    BulkJob,
)

NOTHING_PICKED = "Nothing was picked. Tick a campaign, or take the page."
TOO_MANY = (
    "More than 10,000 campaigns match. One bulk change takes 10,000 at most: narrow the search, "
    "and do it in parts."
)
NOTHING_TICKED = "Nothing is ticked that could be changed."
TO_MEAN = (
    "Some budgets rise by more than 50 %, fall by more than half, rise from 0 or change their "
    "currency."
)
CONFIRM = f"{TO_MEAN} Tick that this is meant, or leave them out."
PLANNED_ANEW = (
    "This was planned anew meanwhile, perhaps in another tab, and nothing was started: look at the "
    "new plan first. Its ticks begin anew."
)
SO_ALREADY = "Is so already."
TICKS_KEPT = "Your ticks are kept. Nothing is started yet: look at it once more."
STOPPED_BEFORE = "Stopped before its turn."
# What starts a draft. Of an undo nobody knows beforehand what will have been sent when it is done.
SEND = "Do it, and send it to Megaphone"
DO_HERE = "Do it here"
TAKE_BACK = "Take back what was not sent"
TAKE_BACK_AND_SEND = "Take back what was not sent, and undo the rest in Megaphone"
SENT_BY_THEN = (
    "What was sent by the time its turn comes goes to Megaphone as a new change; of the rest it "
    "never hears."
)
BOOKED_BY_THEN = "A booking that was sent by then stays."
STARTED = "This was started already. What it does is below."
NOT_YOURS = "This draft is {}’s: a bulk change is done in the name of who planned it."
NO_RIGHTS = "{} may no longer edit campaigns, so this was not done."
OUR_FAULT = "It failed on our side; see the error log."
TOO_LATE = {
    DRAFT: "It was not started yet.",
    QUEUED: "It goes on already.",
    RUNNING: "It is running already.",
    PAUSED: "It is paused already.",
    FINISHED: "It is finished already.",
    CANCELLED: "It was stopped already.",
}

# Word, icon and tone of each state's pill.
JOB_PILLS = {
    DRAFT: ("Draft", "edit", "idle"),
    QUEUED: ("Waiting", "clock", "wait"),
    RUNNING: ("Running", "refresh", "wait"),
    PAUSED: ("Paused", "pause", "warn"),
    FINISHED: ("Finished", "check", "ok"),
    CANCELLED: ("Stopped", "x-circle", "idle"),
}
ITEM_PILLS = {
    PLANNED: ("To do", "clock", "wait"),
    DONE: ("Done", "check", "ok"),
    UNCHANGED: ("No change", "info", "idle"),
    FAILED: ("Not done", "x-circle", "bad"),
    LEFT_OUT: ("Left out", "pause", "idle"),
}
KINDS = {IMPORT: "Import", UNDO: "Undo"}


def counted(number: int) -> str:
    return "1 campaign" if number == 1 else f"{number:,} campaigns"


def name_of(job: BulkJob) -> str:
    """What the job is called: its operation, and with how many campaigns."""
    operation = (job.operation or {}).get("words")
    return f"{operation or 'A bulk change'} – {counted(job.total)}"
