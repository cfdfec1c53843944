"""A sandbox process, an application connected to it, and workers that can be made to die."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.kill.desk import ANA, Desk
from tests.kill.plan import ROOT, Workers, be_ready_to_start
from tests.proof.evidence import OfControl, gather
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.connections import service as connections
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs


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
    credential = Settings(
        megaphone_api_token=sandbox_process.token, megaphone_org_id=sandbox_process.organization
    )
    return settings.model_copy(
        update={
            "megaphone_base_url": sandbox_process.base_url,
            "megaphone_api_token": credential.megaphone_api_token,
            "megaphone_org_id": credential.megaphone_org_id,
            "megaphone_requests_per_minute": 0,
        }
    )


@pytest.fixture
def desk(
    app: Flask, settings: Settings, sandbox_process: Sandbox, tmp_path: Path, ready_to_start: None
) -> Desk:
    """Connected, and everything read once."""
    with transaction():
        connection = connections.connect_from_settings(ANA, settings)
        assert connection is not None
        connection_id = connection.id
    work = jobs.Work(settings, RateLimiter(0), keep_going=lambda: True)
    desk = Desk(sandbox_process, work, Workers(settings, tmp_path), connection_id)
    desk.pull()
    desk.initial = gather(db.session, OfControl(sandbox_process.control)).remote
    return desk
