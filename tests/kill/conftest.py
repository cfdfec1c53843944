"""A sandbox process, an application connected to it, and workers that can be made to die."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.kill.desk import Desk
from tests.kill.plan import ROOT, Workers, be_ready_to_start
from tests.support.desk import connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.core.config import Settings


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=40, advertisers=8) as started:
        yield started


@pytest.fixture(scope="session")
def ready_to_start() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        be_ready_to_start()


@pytest.fixture
def settings(settings: Settings, sandbox_process: Sandbox) -> Settings:
    sandbox_process.control("POST", "reset", {})
    return with_credential(settings, sandbox_process)


@pytest.fixture
def desk(
    app: Flask, settings: Settings, sandbox_process: Sandbox, tmp_path: Path, ready_to_start: None
) -> Desk:
    """Connected, and everything read once."""
    made = connected(settings, sandbox_process)
    return Desk(**vars(made), workers=Workers(settings, tmp_path))
