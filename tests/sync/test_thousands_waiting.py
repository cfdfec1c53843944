"""A bulk edit leaves thousands of changes waiting: what the worker asks stays cheap meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import CursorResult, Engine, Select, select, text

from tests import factories
from tests.support.listening import listening
from webapp.campaigns.models import APPLIED, Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync import outbox, turns
from webapp.sync.moments import at

FEW, MANY = 100, 400


@pytest.fixture
def campaigns(db_session: Any) -> list[Campaign]:
    """Campaigns that were all changed before, which the database has counted."""
    factories.campaigns(MANY)
    found = list(db.session.scalars(select(Campaign).order_by(Campaign.id)))
    wait(found, state=APPLIED)
    db.session.execute(text("ANALYZE"))
    return found


def wait(campaigns: list[Campaign], **values: Any) -> None:
    """One change of each. When the database counts them is its own affair."""
    for campaign in campaigns:
        factories.change(campaign, **values)


def explained(query: Select[Any], how: str) -> CursorResult[Any]:
    """What the database says of carrying out the query, as the worker has it carried out."""
    asked: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2:4])

    with listening(Engine, "before_cursor_execute", note):
        db.session.scalars(query, at(utc_now())).all()
    [(statement, values)] = asked
    return db.session.connection().exec_driver_sql(f"{how} {statement}", values)


def plan_of_a_turn() -> Mapping[str, Any]:
    """How PostgreSQL finds whose turn it is, and what each step has in hand."""
    found = explained(turns.next_to_send(), "EXPLAIN (ANALYZE, FORMAT JSON)").scalar_one()
    plan: Mapping[str, Any] = found[0]["Plan"]
    return plan


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from steps(part)


def rows_in_hand(plan: Mapping[str, Any]) -> float:
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    return sum(
        step["Actual Loops"] * sum(step.get(name, 0) for name in names) for step in steps(plan)
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_finding_whose_turn_it_is_takes_no_longer_for_each_the_more_there_wait(
    campaigns: list[Campaign],
) -> None:
    wait(campaigns[:FEW])
    for_few = rows_in_hand(plan_of_a_turn())
    wait(campaigns[FEW:])
    for_many = rows_in_hand(plan_of_a_turn())

    assert for_few >= FEW
    assert for_many <= 1.5 * MANY / FEW * for_few


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_holds_a_campaign_is_looked_up_once_and_not_for_each_that_waits(
    campaigns: list[Campaign],
) -> None:
    wait(campaigns[:FEW])
    found = [row.detail for row in explained(turns.to_send(), "EXPLAIN QUERY PLAN")]

    assert found[0] == "SEARCH change USING INDEX ix_change_due (state=? AND next_attempt_at<?)"
    assert [detail for detail in found if "CORRELATED" in detail] == []


LOOKS = {
    "anything to send": outbox._is_any_to_send,
    "anything to ask about": outbox._is_any_to_probe,
    "whose turn it is": turns.next_to_send,
    "leases that are over": outbox._expired,
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.usefixtures("campaigns")
def test_no_look_reads_all_that_was_ever_applied(look: Callable[[], Select[Any]]) -> None:
    found = [row.detail for row in explained(look(), "EXPLAIN QUERY PLAN")]

    assert any("ix_change_due" in detail for detail in found)
    assert [detail for detail in found if detail.startswith("SCAN change")] == []


def test_nothing_is_to_be_sent_while_hundreds_wait_for_a_connection_on_hold(
    campaigns: list[Campaign],
) -> None:
    wait(campaigns)
    assert outbox.any_to_send(utc_now())

    factories.the_connection().held_at = utc_now()
    db.session.flush()
    assert not outbox.any_to_send(utc_now())
