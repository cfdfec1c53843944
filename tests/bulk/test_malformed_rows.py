"""A row that nobody foresaw fails by itself: the others of its batch are done, and the log says
where it broke."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests import factories
from tests.bulk.desk import Desk, changes, items, said, states
from tests.bulk.test_undoing import arrive, get, undo
from webapp.bulk import undoing, words
from webapp.bulk.models import FINISHED, BulkJob
from webapp.bulk.operations import ScaleBudget, SetOwner
from webapp.core.db import db

Spoil = Callable[[BulkJob], None]


def its_change(draft: BulkJob) -> None:
    """What the second campaign's budget was before is kept as no budget."""
    changes()[1].before = {"budget": "five"}


def its_state_before(draft: BulkJob) -> None:
    """What the second campaign's change found is kept as no groups at all."""
    changes()[1].before = 5


@pytest.fixture
def ids(db_session) -> list[int]:
    return factories.campaigns(3, budget=(5000, "USD"))


def run(desk: Desk, job: BulkJob, spoil: Spoil) -> list[Any]:
    """Carry it out with its second row spoilt, and return what was logged."""
    spoil(job)
    db.session.commit()
    with capture_logs() as logs:
        desk.run(job)
    return logs


def failed_alone(job: BulkJob, logs: list[Any]) -> None:
    assert states(job) == ["done", "failed", "done"]
    assert said(job)[1] == words.OUR_FAULT
    assert (job.state, job.done_count, job.failed_count) == (FINISHED, 2, 1)
    [entry] = [each for each in logs if each["event"] == "bulk_item_failed"]
    assert entry["item"] == items(job)[1].id
    assert entry["exc_info"] is True


@pytest.mark.parametrize("spoil", [its_change, its_state_before])
def test_one_of_an_undo_that_is_sent_anew(desk: Desk, ids: list[int], spoil: Spoil) -> None:
    job = desk.do(ids, ScaleBudget("10"))
    arrive(job)
    draft = undo(desk, job)

    logs = run(desk, draft, spoil)

    failed_alone(draft, logs)
    assert said(draft)[::2] == [undoing.SENT_ANEW] * 2
    assert [get(id_).total_budget_minor for id_ in ids] == [5000, 5500, 5000]


def test_one_of_an_undo_that_is_taken_back(desk: Desk, ids: list[int]) -> None:
    draft = undo(desk, desk.do(ids, ScaleBudget("10")))

    logs = run(desk, draft, its_change)

    failed_alone(draft, logs)
    assert said(draft)[::2] == [undoing.TAKEN_BACK] * 2


@pytest.mark.parametrize("wanted", [{"notes": 5}, 5])
def test_one_of_an_undo_that_is_only_here(desk: Desk, ids: list[int], wanted: Any) -> None:
    draft = undo(desk, desk.do(ids, SetOwner(desk.operator.id, "me")))

    def spoil(draft: BulkJob) -> None:
        items(draft)[1].wanted = wanted

    logs = run(desk, draft, spoil)

    failed_alone(draft, logs)
    assert [get(id_).owner_id for id_ in ids] == [None, desk.operator.id, None]


@pytest.mark.parametrize("wanted", [{"title": 5}, 5])
def test_one_of_a_change(desk: Desk, ids: list[int], wanted: Any) -> None:
    job = desk.plan(ids, ScaleBudget("10"))

    def spoil(job: BulkJob) -> None:
        items(job)[1].wanted = wanted

    logs = run(desk, job, spoil)

    failed_alone(job, logs)
    assert [get(id_).total_budget_minor for id_ in ids] == [5500, 5000, 5500]
