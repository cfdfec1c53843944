"""Which part of a job's items a page shows, as its address says. Nothing in it is an error."""

from collections.abc import Callable, Iterable

from flask import request, url_for

from webapp.bulk.models import BulkJob
from webapp.bulk.queries import SHOWN

MAX_DIGITS = 9


def numbers(texts: Iterable[str]) -> list[int]:
    """Those texts that are whole numbers, as they are in forms and addresses."""
    return [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) <= MAX_DIGITS]


def page_number(text: str | None = None) -> int:
    """The page that ``text``, or the address, asks for; the first for anything else."""
    found = numbers([request.args.get("page", "") if text is None else text])
    return max(1, *found) if found else 1


def part_shown() -> str:
    """Which items are asked for; all of them for anything unknown."""
    show = request.args.get("show", "")
    return show if show in SHOWN else ""


def page_link(job: BulkJob, show: str) -> Callable[[int], str]:
    return lambda number: url_for("bulk.show", job_uuid=job.uuid, show=show or None, page=number)
