"""Fixtures: a scripted web and a connection to it."""

from collections.abc import Iterator

import pytest
from responses import RequestsMock

from tests.adservers.connecting import Connected, connected
from tests.adservers.provoking import BASE


@pytest.fixture
def web() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


@pytest.fixture
def connection() -> Iterator[Connected]:
    with connected(BASE) as made:
        yield made
