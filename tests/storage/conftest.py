"""A sandbox that works, and a desk at a database that will not."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support import client as clients
from tests.support.desk import Desk, connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.auth.models import Operator
from webapp.core.config import Settings
from webapp.core.db import db


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=12, advertisers=4) as started:
        yield started


@pytest.fixture
def settings(settings: Settings, sandbox_process: Sandbox) -> Settings:
    sandbox_process.control("POST", "reset", {})
    return with_credential(settings, sandbox_process)


@pytest.fixture
def desk(app: Flask, settings: Settings, sandbox_process: Sandbox) -> Desk:
    return connected(settings, sandbox_process)


@pytest.fixture
def manager_client(desk: Desk, client: clients.Client, manager: Operator) -> clients.Client:
    """Signed in, as somebody whose account outlasts what is taken back."""
    signed_in = clients.signed_in(client, manager)
    db.session.commit()
    return signed_in
