"""Programs that some tests need and a machine may lack: skipped and said so, or demanded.

With ``FLIGHTDECK_REQUIRE_ALL=1`` a missing program fails its tests instead of skipping them.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import pytest


@dataclass(frozen=True)
class Program:
    """What is needed, and the line that gets it."""

    name: str
    install: str


POSTGRESQL = Program("PostgreSQL", "apt-get install -y --no-install-recommends postgresql")
CHROMIUM = Program(
    "Chromium", "apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
)


def all_required() -> bool:
    return os.environ.get("FLIGHTDECK_REQUIRE_ALL", "") not in ("", "0")


def do_without(program: Program) -> NoReturn:
    """Skip this test, and have the summary say what to install; or fail, where all is required."""
    reason = f"{program.name} is not installed: {program.install}"
    if all_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def summary(skipped: Iterable[str]) -> list[str]:
    """One line for each program that these reasons for skipping name."""
    reasons = list(skipped)
    counts = {
        program: sum(f"{program.name} is not installed" in reason for reason in reasons)
        for program in (POSTGRESQL, CHROMIUM)
    }
    return [
        f"{count} tests were skipped, because {program.name} is not installed. "
        f"To run them: {program.install}"
        for program, count in counts.items()
        if count
    ]
