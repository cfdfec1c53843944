"""Everything the running stand-in holds, in one object that the app's parts share."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app

from webapp.sandbox.faults import FaultBook
from webapp.sandbox.ratelimit import RateLimit
from webapp.sandbox.requestlog import RequestLog
from webapp.sandbox.seed import Plan
from webapp.sandbox.settings import Settings
from webapp.sandbox.state import State

KEY = "standin"


@dataclass
class Standin:
    """``first_settings`` and ``plan`` are the command line's; a reset goes back to them."""

    state: State
    token: str
    first_settings: Settings
    plan: Plan
    control: bool = False
    limit: RateLimit = field(default_factory=RateLimit)
    faults: FaultBook = field(default_factory=FaultBook)
    log: RequestLog = field(default_factory=RequestLog)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.settings = self.first_settings

    def change_settings(self, values: Mapping[str, object]) -> Settings:
        """Set switches; returns all of them."""
        with self._lock:
            self.settings = self.settings.changed(values)
            return self.settings

    def reset(self, plan: Plan) -> None:
        """Data anew; faults, switches, logs and the count of requests as at the start."""
        self.state.reset(plan)
        self.faults.clear()
        self.log.clear()
        self.limit.forget()
        with self._lock:
            self.settings = self.first_settings


def here() -> Standin:
    """The stand-in that serves the current request."""
    standin: Standin = current_app.extensions[KEY]
    return standin
