"""How an answer travels: what the app tells the socket, and what the socket tells the log."""

import threading
from dataclasses import dataclass, field

# Where a Delivery lies in a request's WSGI environment.
KEY = "sandbox.delivery"


@dataclass
class Delivery:
    """The plan for one answer; all seconds are waited out by the socket's thread.

    ``cut`` closes without a byte (``reset``: rudely). ``silence`` says nothing for so long, then
    closes. ``keep`` is the share of the promised body that is sent before the connection closes.
    ``rate`` is bytes per second, for the body or (``slow_head``) for all. ``padding`` is so many
    blanks inside the body; ``sized`` false leaves Content-Length out.
    """

    delay: float = 0.0
    silence: float | None = None
    cut: bool = False
    reset: bool = False
    keep: float | None = None
    rate: float | None = None
    slow_head: bool = False
    padding: int = 0
    sized: bool = True
    complete: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    def hold(self, seconds: float) -> bool:
        """Keep the request waiting before it takes effect; true if the server ends meanwhile."""
        return self.stopping.wait(seconds)
