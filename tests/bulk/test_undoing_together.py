"""What had arrived is undone together: as one by one, in few statements, and only where it fits."""

from typing import Any

import pytest

from tests import factories
from tests.bulk.desk import Desk, changes, events, item, items, said, states
from tests.bulk.test_undoing import arrive, get, undo
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.bulk import undoing
from webapp.bulk.models import BulkJob
from webapp.bulk.operations import Operation, ReplaceInTitle, ScaleBudget, SetAdvertiser
from webapp.bulk.runner import UNDO_BATCH
from webapp.campaigns.models import CLAIMED, HELD, Campaign, Change
from webapp.core.db import db

RAISE = ScaleBudget("10")


def arrived(desk: Desk, ids: list[int], operation: Operation = RAISE) -> BulkJob:
    """A job whose changes the ad server has confirmed, and the draft that undoes it."""
    job = desk.do(ids, operation)
    arrive(job)
    return job


def columns(row: Any, *left_out: str) -> dict[str, Any]:
    names = {column.key for column in type(row).__table__.columns} - set(left_out)
    return {name: getattr(row, name) for name in names}


def traces(campaign: Campaign) -> list[Any]:
    """All that an undo leaves of one campaign, but what is its own."""
    change = changes(Change.campaign_id == campaign.id)[-1]
    first = changes(Change.campaign_id == campaign.id)[0]
    assert change.undoes_id == first.id
    own = ("id", "campaign_id", "intent_key", "payload_digest", "created_at", "next_attempt_at")
    told = db.session.query(AuditEvent).filter_by(object_type="campaign", object_id=campaign.id)
    times = ("changed_at", "created_at", "synced_at", "remote_created_at", "remote_updated_at")
    return [
        columns(campaign, "id", "uuid", "remote_id", "marker", *times),
        columns(change, *own, "lane", "undoes_id"),
        [columns(event, "id", "at", "object_id") for event in told.order_by(AuditEvent.id)],
    ]


@pytest.fixture
def other(db_session) -> SetAdvertiser:
    advertiser = factories.advertiser(name="Other")
    return SetAdvertiser(advertiser.id, advertiser.name, advertiser.connection_id)


@pytest.mark.parametrize("what", ["budget", "title", "advertiser"])
def test_together_leaves_what_one_by_one_leaves(desk: Desk, what: str, other) -> None:
    operation = {
        "budget": RAISE,
        "title": ReplaceInTitle("Spring", "Fall", match_case=True),
        "advertiser": other,
    }[what]
    buyer = factories.advertiser(name="Acme", connection_id=other.connection_id)
    made = {"title": "Spring", "budget": (5000, "USD"), "advertiser_id": buyer.id}
    one, together = (factories.campaign(**made) for _ in range(2))
    job = arrived(desk, [one.id], operation)
    draft = desk.start(undo(desk, job))
    actor = Actor(draft.actor, "bulk", operator_id=draft.operator_id)
    undoing.undo(actor, item(draft), item(job), get(one.id), draft.uuid)
    db.session.commit()

    desk.run(undo(desk, arrived(desk, [together.id], operation)))

    assert traces(get(together.id)) == traces(get(one.id))


def test_the_same_wish_has_the_same_digest(desk: Desk) -> None:
    """Or pressing the undo of one campaign again would not be known as the same."""
    campaign = factories.campaign(budget=(5000, "USD"))
    job = arrived(desk, [campaign.id])
    draft = desk.run(undo(desk, job))

    again = undoing.undo_verbs.undo(
        desk.actor, changes()[0], get(campaign.id).version, ["budget"], item(draft).key
    )

    assert again.id == campaign.id
    assert len(changes()) == 2


def test_a_batch_takes_the_same_statements_however_many_it_has(desk: Desk) -> None:
    numbers = []
    for size in (2, UNDO_BATCH - 1):
        draft = undo(desk, arrived(desk, factories.campaigns(size, budget=(5000, "USD"))))
        desk.start(draft)
        with count_statements() as statements:
            desk.finish(draft)
        assert said(draft) == [undoing.SENT_ANEW] * size
        numbers.append(len(statements))
    assert numbers[0] == numbers[1] <= 25


def test_what_is_not_at_rest_is_undone_as_before(desk: Desk) -> None:
    ids = factories.campaigns(5, budget=(5000, "USD"))
    job = arrived(desk, ids)
    draft = undo(desk, job)
    rest, held, flying, conflict, moved = ids
    factories.change(get(held), fields=["title"], state=HELD, held_by="Bea")
    factories.change(get(flying), fields=["budget"], state=CLAIMED)
    factories.conflict(get(conflict), "budget", theirs=[9, "USD"])
    get(moved).version += 1
    db.session.commit()

    desk.run(draft)

    by_campaign = {each.campaign_id: each for each in items(draft)}
    assert [by_campaign[id_].state for id_ in ids] == ["done"] * 3 + ["failed"] * 2
    assert "conflict" in (by_campaign[conflict].message or "")
    last = {change.campaign_id: change for change in changes()}
    # What is on hold holds back what comes after it, and is carried by that.
    assert (last[held].state, last[held].fields) == (HELD, ["title", "budget"])
    assert last[rest].state == last[flying].state == "ready"
    assert [get(id_).total_budget_minor for id_ in ids] == [5000, 5000, 5000, 5500, 5500]


def test_what_the_ad_server_has_already_is_not_sent_again(desk: Desk) -> None:
    campaign = factories.campaign(budget=(5000, "USD"))
    draft = undo(desk, arrived(desk, [campaign.id]))
    found = get(campaign.id)
    found.base = {**(found.base or {}), "budget": [5000, "USD"]}
    db.session.commit()

    desk.run(draft)

    assert states(draft) == ["done"]
    assert len(changes()) == 1
    assert events(campaign.id)[-1] == ("undid", "budget", "bulk")
