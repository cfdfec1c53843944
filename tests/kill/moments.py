"""Moments between the named steps: each statement, commit and use of the network is one.

A worker that ends itself at the n-th of them ends anywhere, and with the same seed nearly there
again.
"""

import http.client
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session


def count_down(moments: int, die: Callable[[], None]) -> None:
    """Call ``die`` when this process has come to so many moments."""
    left = moments

    def tick(*_: Any, **__: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    for name in ("begin", "commit", "rollback", "before_cursor_execute", "after_cursor_execute"):
        event.listen(Engine, name, tick)
    event.listen(Session, "after_commit", tick)
    for name in ("connect", "endheaders", "getresponse"):
        setattr(http.client.HTTPConnection, name, _around(name, tick))


def _around(name: str, tick: Callable[[], None]) -> Callable[..., Any]:
    original = getattr(http.client.HTTPConnection, name)

    @wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        tick()
        result = original(*arguments, **named)
        tick()
        return result

    return wrapped
