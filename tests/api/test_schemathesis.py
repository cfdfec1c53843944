"""Every operation under made-up requests, right ones and wrong ones, as each kind of caller.

Schemathesis draws them from the document that is served, with all of its checks, and sends them to
the whole running product.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import factories
from tests.support import sizes
from tests.support.stack import ROOT, Stack, running_stack
from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.core.db import db

SCOPES = {
    "reader": "read",
    "writer": "read write",
    "admin": "read write sync admin",
}
# What must be known of the data cannot be told by a schema: see schemathesis_checks.py.
CONFIG = """
hooks = "tests.api.schemathesis_checks"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429"]
"""
ALL, SOME = "examples,coverage,fuzzing,stateful", "examples,fuzzing"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder, api_requests_without_token=1_000_000) as stack:
        yield stack


@pytest.fixture(scope="module")
def parameters(stack: Stack) -> str:
    """Ids of records that are there, for every request."""

    def found() -> tuple[str, int]:
        campaign = select(Campaign.uuid).order_by(Campaign.id).limit(1)
        advertiser = select(Advertiser.id).limit(1)
        return str(db.session.scalars(campaign).one()), db.session.scalars(advertiser).one()

    uuid, advertiser_id = stack.read(found)
    return f'[parameters]\n"path.uuid" = "{uuid}"\n"path.advertiser_id" = "{advertiser_id}"\n'


def run(
    stack: Stack, folder: Path, config: str, token: str | None, phases: str
) -> subprocess.CompletedProcess[str]:
    """What Schemathesis says that it found."""
    (folder / "schemathesis.toml").write_text(CONFIG + config)
    command = ["--config-file", str(folder / "schemathesis.toml")]
    command += ["run", f"{stack.url}/api/v1/openapi.json", "--checks", "all"]
    command += ["--phases", phases]
    command += ["--max-examples", str(sizes.EXAMPLES), "--seed", str(sizes.seed())]
    command += ["--continue-on-failure", "--warnings", "off"]
    command += ["--generation-database", "none", "--request-timeout", "40"]
    # Otherwise the answer to each change waits for the ad server.
    command += ["--header", "Prefer: respond-async"]
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.sized
@pytest.mark.parametrize("role", [None, *SCOPES])
def test_whatever_is_sent_is_answered_as_documented(
    stack: Stack, parameters: str, tmp_path: Path, role: str | None
) -> None:
    token = None
    if role:
        with stack.data():
            token = factories.api_token(SCOPES[role], per_window=10_000_000)
    config = parameters if role in ("reader", "admin") else ""
    phases = ALL if sizes.SOAK or role == "admin" else SOME

    ended = run(stack, tmp_path, config, token, phases)

    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-5_000:]
    assert "No issues found" in ended.stdout, ended.stdout[-5_000:]
