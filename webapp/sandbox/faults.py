"""Fault rules: which requests they hit, when, and what options each action takes.

What an action does is in ``faulty_lists`` (what a page holds) and ``faulty_answers`` (everything
else). Rules live in memory; all that match a request apply to it, oldest first.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Options = dict[str, Any]

# Action -> its options and their defaults. A default of None is a text that need not be given.
ACTIONS: dict[str, Options] = {
    "status": {"status": 500, "shape": "", "message": "", "retry_after": None},
    "answer": {"status": 200, "headers": {}, "body": ""},
    "retired": {"as": "404"},
    "empty_list": {},
    "empty_page": {},
    "total_off": {"by": 1},
    "no_link": {},
    "link_comma": {},
    "link_host": {"host": "http://127.0.0.1:9"},
    "link_cycle": {"to": 1},
    "duplicate_row": {},
    "shift": {"by": 1},
    "hide": {"share": 0.5, "counted": True, "only": None},
    "vendor": {"create": 0, "edit": 0, "delete": 0, "pick": "newest"},
    "slow": {"seconds": 35.0, "apply": "first"},
    "silence": {"seconds": 60.0, "apply": "first"},
    "cut_before_apply": {"reset": False},
    "cut_after_apply": {"reset": False},
    "truncate": {"share": 0.5, "honest": True},
    "html": {},
    "empty_body": {},
    "dribble": {"bytes_per_second": 1.0, "head": False},
    "huge_body": {"megabytes": 100, "sized": True},
}
CHOICES: dict[str, tuple[str, ...]] = {
    "shape": ("", "error", "fields", "list", "text", "html", "empty"),
    "as": ("404", "410", "empty"),
    "pick": ("newest", "any"),
    "apply": ("first", "last", "never"),
}
BOUNDS: dict[str, tuple[float, float]] = {
    "status": (200, 599),
    "by": (-10_000, 10_000),
    "to": (1, 10**6),
    "share": (0, 1),
    "seconds": (0, 3600),
    "bytes_per_second": (0.01, 10**6),
    "megabytes": (1, 1024),
    "create": (0, 10_000),
    "edit": (0, 10_000),
    "delete": (0, 10_000),
}
MATCHERS = ("action", "method", "path", "page", "nth", "times")


class FaultError(ValueError):
    """A rule that cannot be, with a sentence that says what can."""


@dataclass
class Rule:
    """One fault. ``nth`` is the first match that it hits, ``times`` how many (None: all)."""

    number: int
    action: str
    options: Options
    method: str | None = None
    path: re.Pattern[str] | None = None
    page: int | None = None
    nth: int = 1
    times: int | None = None
    seen: int = 0
    fired: int = 0

    def take(self, method: str, path: str, page: int) -> bool:
        """Whether it hits this request; counts either way."""
        if self.method and self.method != method:
            return False
        if self.path and not self.path.search(path):
            return False
        if self.page and self.page != page:
            return False
        self.seen += 1
        hits = self.seen >= self.nth and (self.times is None or self.fired < self.times)
        self.fired += hits
        return hits

    def as_dict(self) -> dict[str, object]:
        """For reading back: what was asked, every option said, and the counts."""
        return {
            "id": self.number,
            "action": self.action,
            **self.options,
            "method": self.method,
            "path": self.path.pattern if self.path else None,
            "page": self.page,
            "nth": self.nth,
            "times": self.times,
            "seen": self.seen,
            "fired": self.fired,
        }


class FaultBook:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._last = 0

    def add(self, wishes: list[Mapping[str, object]]) -> list[Rule]:
        """Put rules in force, all or, with a :class:`FaultError`, none."""
        with self._lock:
            rules = [read_rule(each, self._last + i) for i, each in enumerate(wishes, start=1)]
            self._last += len(rules)
            self._rules += rules
        return rules

    def take(self, method: str, path: str, page: int) -> list[Rule]:
        """The rules that hit this request."""
        with self._lock:
            return [rule for rule in self._rules if rule.take(method, path, page)]

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)

    def clear(self, number: int | None = None) -> int:
        """Drop all rules, or the one with that number; returns how many went."""
        with self._lock:
            kept = [rule for rule in self._rules if number not in (None, rule.number)]
            gone = len(self._rules) - len(kept)
            self._rules = kept
        return gone


def read_rule(wish: Mapping[str, object], number: int) -> Rule:
    """A rule from its JSON, or a :class:`FaultError`."""
    action = wish.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise FaultError(f"There is no action {action!r}. There are: {', '.join(ACTIONS)}.")
    unknown = set(wish) - set(MATCHERS) - set(ACTIONS[action])
    if unknown:
        known = ", ".join([*MATCHERS, *ACTIONS[action]])
        raise FaultError(f"{action} knows no {', '.join(sorted(unknown))}. It knows: {known}.")
    options = {
        name: _option(name, wish.get(name, default), default)
        for name, default in ACTIONS[action].items()
    }
    method = wish.get("method")
    if not (method is None or isinstance(method, str)):
        raise FaultError("method is a text such as GET.")
    return Rule(
        number,
        action,
        options,
        method=method.upper() if method else None,
        path=_pattern(wish.get("path")),
        page=_count(wish, "page"),
        nth=_count(wish, "nth") or 1,
        times=_count(wish, "times"),
    )


def _pattern(text: object) -> re.Pattern[str] | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise FaultError("path is a regular expression, written as a text.")
    try:
        return re.compile(text)
    except re.error as error:
        raise FaultError(f"path is not a regular expression: {error}.") from error


def _count(wish: Mapping[str, object], name: str) -> int | None:
    value = wish.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FaultError(f"{name} is a whole number from 1 on, not {value!r}.")
    return value


def _option(name: str, value: object, default: object) -> object:
    if default is None:
        return _header_text(name, value)
    if name == "headers":
        return _headers(value)
    if isinstance(default, bool | str):
        if type(value) is not type(default):
            raise FaultError(f"{name} is of type {type(default).__name__}, not {value!r}.")
        if name in CHOICES and value not in CHOICES[name]:
            raise FaultError(f"{name} is one of {list(CHOICES[name])}, not {value!r}.")
        return value
    return _number(name, value, whole=isinstance(default, int))


def _number(name: str, value: object, *, whole: bool) -> float:
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not fits or not isinstance(value, int | float):
        raise FaultError(f"{name} is a {'whole ' if whole else ''}number, not {value!r}.")
    least, most = BOUNDS[name]
    if not least <= value <= most:
        raise FaultError(f"{name} lies between {least:g} and {most:g}, not {value!r}.")
    return value


def _header_text(name: str, value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    if not isinstance(value, str | int | float) or not text.isprintable() or not text.isascii():
        raise FaultError(f"{name} is a line of plain text or a number, not {value!r}.")
    return text


def _headers(value: object) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise FaultError("headers is an object of names and values.")
    return {str(_header_text("headers", k)): _header_text("headers", v) for k, v in value.items()}
