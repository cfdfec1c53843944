"""What an examination finds: a verdict on one part, in words, and what mends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OK, WARNING, BROKEN = "ok", "warning", "broken"
# Exit statuses, as those of other commands: 3 is "not all".
STATUS = {OK: 0, WARNING: 3, BROKEN: 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part. ``fix`` is one sentence that says what to do; empty when it is well."""

    part: str
    verdict: str
    words: str
    fix: str = ""


def ok(part: str, words: str) -> Finding:
    return Finding(part, OK, words)


def warning(part: str, words: str, fix: str) -> Finding:
    return Finding(part, WARNING, words, fix)


def broken(part: str, words: str, fix: str) -> Finding:
    return Finding(part, BROKEN, words, fix)


def status_of(findings: Iterable[Finding]) -> int:
    """0: all well; 3: warnings only; 1: something is broken."""
    verdicts = {each.verdict for each in findings}
    return next(STATUS[each] for each in (BROKEN, WARNING, OK) if each in {*verdicts, OK})


def is_usable(findings: Sequence[Finding]) -> bool:
    """Whether nothing is broken, so that looking further makes sense."""
    return all(each.verdict != BROKEN for each in findings)
