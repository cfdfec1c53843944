"""Why a plan changes nothing of a campaign: by what is to be done, not merely that it is so."""

from typing import Any

import pytest

from tests import factories
from tests.bulk.desk import Desk, said, states
from webapp.bulk.models import UNCHANGED
from webapp.bulk.operations import (
    Archive,
    Operation,
    ReplaceInTitle,
    ScaleBudget,
    SetBudget,
    SetOwner,
    Unarchive,
)


@pytest.mark.parametrize(
    ("fields", "operation", "why"),
    [
        ({"archived_at": factories.SOME_DAY}, Archive(), "It is in the archive already."),
        ({}, Unarchive(), "It is not in the archive."),
        ({}, SetOwner(None, "nobody"), "It has no owner."),
        ({"budget": (5, "USD")}, SetBudget(5, "USD"), "It has this budget already."),
        (
            {"budget": (0, "USD")},
            ScaleBudget("60"),
            "Its budget is 0, and so is any part of it.",
        ),
        (
            {"budget": (1, "USD")},
            ScaleBudget("1"),
            "So small a change of its budget is rounded to none.",
        ),
        (
            {"title": "Spring"},
            ReplaceInTitle("Fall", "Winter", match_case=False),
            "The text is not in its title.",
        ),
        (
            {"title": "Spring"},
            ReplaceInTitle("Spring", "Spring", match_case=False),
            "Its title stays the same.",
        ),
        (
            {"title": "Spring"},
            ReplaceInTitle("Spring", "Spring ", match_case=False),
            "Its title stays the same.",
        ),
    ],
)
def test_the_reason_is_the_operation_s(
    desk: Desk, fields: dict[str, Any], operation: Operation, why: str
) -> None:
    job = desk.plan([factories.campaign(**fields).id], operation)

    assert (states(job), said(job)) == ([UNCHANGED], [why])


def test_an_owner_that_it_has(desk: Desk) -> None:
    campaign = factories.campaign(owner=desk.operator)

    job = desk.plan([campaign.id], SetOwner(desk.operator.id, desk.operator.email))

    assert said(job) == ["It has this owner already."]
