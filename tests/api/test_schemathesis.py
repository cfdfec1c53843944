"""Every operation under made-up requests, right ones and wrong ones, as each kind of caller.

Schemathesis draws them from the document that is served, with all of its checks, and sends them to
the whole running product.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.schemathesis_line import SAID
from tests.bulk.desk import Desk
from tests.support import sizes
from tests.support.stack import ROOT, Stack, running_stack, until
from webapp.bulk.models import FINISHED, UNDO, BulkJob
from webapp.bulk.operations import SetOwner
from webapp.campaigns.models import Campaign
from webapp.core.db import db

# Who sends: their role, and what their token was made for. One may less for the first, one for the
# second, one may all.
SCOPES = {
    "viewer": "read write sync admin",
    "operator": "read write",
    "manager": "read write sync admin",
}
# What must be known of the data cannot be told by a schema: see schemathesis_checks.py.
CONFIG = """
hooks = "tests.api.schemathesis_checks"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429"]
"""
Line = Callable[[list[str], Path], tuple[str, str]]
ALL, SOME = "examples,coverage,fuzzing,stateful", "examples,fuzzing"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder, api_requests_without_token=1_000_000) as stack:
        yield stack


def is_done(job_id: int) -> bool:
    return db.session.get_one(BulkJob, job_id).state == FINISHED


def has_undone(operator_id: int) -> bool:
    """Whether somebody came as far as a bulk change of their own."""
    query = select(BulkJob.id).where(BulkJob.operator_id == operator_id, BulkJob.kind == UNDO)
    return db.session.scalars(query.limit(1)).one_or_none() is not None


def parameters(stack: Stack) -> str:
    """Ids of records that are there, for every request.

    A conflict is open, a bulk change done, a change on hold, and a second record reported.
    """
    with stack.data():
        ids = list(db.session.scalars(select(Campaign.id).order_by(Campaign.id).limit(4)))
        campaign = db.session.get_one(Campaign, ids[0])
        other = db.session.get_one(Campaign, ids[3])
        conflict = factories.conflict(campaign, "title", theirs="Theirs")
        desk = Desk(factories.operator())
        job = desk.start(desk.plan(ids[1:3], SetOwner(desk.operator.id, desk.operator.email)))
        known = {
            "uuid": campaign.uuid,
            "advertiser_id": campaign.advertiser_id,
            "conflict_id": conflict.id,
            "change_id": factories.change(other, state="held", held_by="ana@example.com").id,
            "duplicate_id": factories.duplicate(other).id,
            "job_uuid": job.uuid,
        }
        job_id = job.id
    until(lambda: stack.read(lambda: is_done(job_id)), "the bulk change is done")
    given = "".join(f'"path.{name}" = "{value}"\n' for name, value in known.items())
    return f"[parameters]\n{given}"


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """Runs Schemathesis's command line in a folder: how it ended, and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.api.schemathesis_line"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(words: list[str], folder: Path) -> tuple[str, str]:
        assert process.stdin
        assert process.stdout
        print(json.dumps([words, str(folder)]), file=process.stdin, flush=True)
        return process.stdout.readline().strip(), (folder / SAID).read_text()

    with process:
        yield run


def command(stack: Stack, folder: Path, config: str, token: str | None, phases: str) -> list[str]:
    """What Schemathesis is told."""
    (folder / "schemathesis.toml").write_text(CONFIG + config)
    words = ["--config-file", str(folder / "schemathesis.toml")]
    words += ["run", f"{stack.url}/api/v1/openapi.json", "--checks", "all"]
    words += ["--phases", phases]
    words += ["--max-examples", str(sizes.EXAMPLES), "--seed", str(sizes.seed())]
    words += ["--continue-on-failure", "--warnings", "off"]
    words += ["--generation-database", "none", "--request-timeout", "120"]
    # On a busy machine drawing takes long, which says nothing of the product.
    words += ["--suppress-health-check", "too_slow"]
    # Otherwise the answer to each change waits for the ad server.
    words += ["--header", "Prefer: respond-async"]
    words += ["--header", f"Authorization: Bearer {token}"] if token else []
    return words


@pytest.mark.sized
@pytest.mark.parametrize("role", [None, *SCOPES])
def test_whatever_is_sent_is_answered_as_documented(
    stack: Stack, line: Line, tmp_path: Path, role: str | None
) -> None:
    token, who = None, 0
    if role:
        with stack.data():
            who = factories.operator(role).id
            token = factories.api_token(SCOPES[role], per_window=10_000_000, operator_id=who)
    may_change = role in ("operator", "manager")
    config = parameters(stack) if may_change else ""
    phases = ALL if sizes.SOAK or role == "manager" else SOME

    ended, said = line(command(stack, tmp_path, config, token, phases), tmp_path)

    assert ended == "0", said[-25_000:]
    assert "No issues found" in said, said[-5_000:]
    assert stack.read(lambda: has_undone(who)) == may_change
