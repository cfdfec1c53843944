"""Two threads made to meet inside their transactions, each at a statement of its own."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from tests.support.listening import listening

# A busy machine takes its time; only what fails waits for so long.
SECONDS = 90
BEFORE, AFTER = "before_cursor_execute", "after_cursor_execute"


@dataclass
class Stop:
    """What a thread does once, at its first statement with all these parts."""

    when: str
    parts: tuple[str, ...]
    do: Callable[[], object]
    is_over: bool = False


@dataclass
class Meeting:
    """Moments by name: who comes to one says so, and whoever waits for it goes on."""

    moments: dict[str, threading.Event] = field(
        default_factory=lambda: defaultdict(threading.Event)
    )
    stops: dict[int, Stop] = field(default_factory=dict)

    def come_to(self, name: str) -> None:
        self.moments[name].set()

    def wait_for(self, name: str) -> None:
        assert self.moments[name].wait(SECONDS), f"nobody came to: {name}"

    @contextmanager
    def at_statement(self, when: str, *parts: str, do: Callable[[], object]) -> Iterator[None]:
        """Have this thread do something once, before or after the first statement with these."""
        stop = Stop(when, parts, do)
        self.stops[threading.get_ident()] = stop
        yield
        assert stop.is_over, f"no statement with {parts}"

    def reach(self, when: str, statement: str) -> None:
        stop = self.stops.get(threading.get_ident())
        if stop is None or stop.is_over or stop.when != when:
            return
        if all(part in statement for part in stop.parts):
            stop.is_over = True
            stop.do()


@contextmanager
def meetings() -> Iterator[Meeting]:
    """Listens to the statements of all threads meanwhile."""
    meeting = Meeting()

    def listener(when: str) -> Callable[..., None]:
        return lambda *arguments: meeting.reach(when, str(arguments[2]))

    with listening(Engine, BEFORE, listener(BEFORE)), listening(Engine, AFTER, listener(AFTER)):
        yield meeting
