"""Fixtures for the sandbox's own tests: one process per module, as good as new for each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox, start_sandbox

SIZES = {"campaigns": 60, "advertisers": 16, "agencies": 6}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A process shared by the module's tests; they use ``sandbox``."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), **SIZES) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The module's process with fresh records, no faults, first settings and empty logs."""
    running.control("POST", "reset", {})
    return running


@pytest.fixture
def call(sandbox: Sandbox) -> Iterator[Caller]:
    """Requests to the organisation's paths with the right token."""
    with Caller(sandbox) as caller:
        yield caller
