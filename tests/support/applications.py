"""Applications kept for the next test: routes, templates and SQL are worked out once a database.

What a test changes about one is put back before the next one gets it, and its connections are
closed. Registering routes is refused by Flask itself after the first request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask

from tests.support import client as clients
from tests.support.databases import in_context
from tests.support.remembered import forget
from webapp import app as composition
from webapp.core.config import Settings
from webapp.core.db import engine_options


@dataclass(frozen=True)
class Kept:
    """An application, and what it was like before any test."""

    app: Flask
    config: dict[str, Any]
    views: dict[str, Callable[..., Any]]

    def as_new(self, settings: Settings) -> Flask:
        """The same as if it had just been made with these settings."""
        for now, before in ((self.app.config, self.config), (self.app.view_functions, self.views)):
            now.clear()
            now.update(before)
        composition._configure(self.app, settings)
        forget()
        return self.app


class Applications:
    """One for each database's address and the way it is connected to."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Kept] = {}

    @contextmanager
    def lent(self, settings: Settings) -> Iterator[Flask]:
        """The application with its context pushed; afterwards every connection is closed."""
        url = settings.sqlalchemy_url
        key = (url, str(engine_options(url)))
        if key not in self._kept:
            self._kept[key] = _made(settings)
        with in_context(self._kept[key].as_new(settings)) as app:
            yield app


def _made(settings: Settings) -> Kept:
    app = composition.create_app(settings)
    app.test_client_class = clients.Client
    return Kept(app, dict(app.config), dict(app.view_functions))
