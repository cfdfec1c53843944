"""The named steps at which a worker may be made to end: each is a call, before or after it.

What is wrapped is our real code where it passes from one party to the next: outbox, ad server,
socket, database. Nothing in it knows of this.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from webapp.core.ratelimit import Priority

BEFORE, AFTER = "before", "after"
MEGAPHONE = "webapp.adservers.megaphone.adapter:Megaphone"

Condition = Callable[..., bool]


def _always(*_: Any) -> bool:
    return True


def _pulls(megaphone: Any, *_: Any) -> bool:
    return megaphone._priority == Priority.PULL


def _pushes(megaphone: Any, *_: Any) -> bool:
    return megaphone._priority == Priority.PUSH


def _posts(connection: Any, *_: Any) -> bool:
    return connection._method == "POST"


def _puts(connection: Any, *_: Any) -> bool:
    return connection._method == "PUT"


@dataclass(frozen=True)
class Step:
    """The ``nth`` call of ``target`` (``module:name``) that fulfils ``only``."""

    when: str
    target: str
    nth: int = 1
    only: Condition = _always


STEPS = {
    "it has just taken the lead": Step(AFTER, "webapp.sync.jobs:ask_for_start_run"),
    "a claim is not committed": Step(AFTER, "webapp.sync.outbox:claim_due"),
    "a claim is committed": Step(BEFORE, "webapp.sync.push:send"),
    "it has read before it writes": Step(AFTER, f"{MEGAPHONE}.get_campaign", only=_pushes),
    "a mark is not committed": Step(AFTER, "webapp.sync.outbox:mark_sent"),
    "a booking is marked and the socket untouched": Step(BEFORE, f"{MEGAPHONE}.create_campaign"),
    "an edit is marked and the socket untouched": Step(BEFORE, f"{MEGAPHONE}.update_campaign"),
    "a booking was sent": Step(BEFORE, "http.client:HTTPConnection.getresponse", only=_posts),
    "an edit was sent": Step(BEFORE, "http.client:HTTPConnection.getresponse", only=_puts),
    "a booking was answered": Step(AFTER, f"{MEGAPHONE}.create_campaign"),
    "an edit was answered": Step(AFTER, f"{MEGAPHONE}.update_campaign"),
    "an answer is recorded and not committed": Step(AFTER, "webapp.sync.results:applied"),
    "a lost booking's probe is claimed": Step(BEFORE, "webapp.sync.probe:find_out"),
    "a probe is between two pages": Step(AFTER, "webapp.sync.outbox:extend"),
    "a pull is between two pages": Step(BEFORE, f"{MEGAPHONE}.list_campaigns", nth=2, only=_pulls),
    "a page is merged and not committed": Step(AFTER, "webapp.sync.pull:merge_page", nth=2),
    "it looks for one that is missing": Step(BEFORE, f"{MEGAPHONE}.get_campaign", only=_pulls),
}


def arm(step: Step, die: Callable[[], None]) -> None:
    """Call ``die`` when this process comes to the step."""
    holder, name = _find(step.target)
    original = getattr(holder, name)
    passed = 0

    @wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal passed
        counts = step.only(*arguments)
        passed += counts
        if step.when == BEFORE and counts and passed == step.nth:
            die()
        result = original(*arguments, **named)
        if step.when == AFTER and counts and passed == step.nth:
            die()
        return result

    setattr(holder, name, wrapped)


def _find(target: str) -> tuple[Any, str]:
    """What holds the target, and its name there."""
    module, _, path = target.partition(":")
    holder = importlib.import_module(module)
    *classes, name = path.split(".")
    for each in classes:
        holder = getattr(holder, each)
    return holder, name
