"""Every answer to a pull on its second of three pages: how the run ends, and that nothing is lost.

Afterwards, with a server that is well again, an edit made there meanwhile arrives here.
"""

import pytest

from tests.adservers.wire import Script
from tests.support.desk import Desk
from tests.wire import broken, listings, refusals
from tests.wire.front import Front, Spoil, always

# The first page was read, and is kept.
BROKEN_OFF = "incomplete"
PASSING = {**broken.UNANSWERED, **broken.UNREADABLE, **broken.NO_VERDICT}
CHANGED = {
    **broken.PAGES,
    **broken.OTHER_SHAPES,
    **broken.REDIRECTS,
    **refusals.NO_TOKEN,
    **refusals.NOT_ALLOWED,
    **refusals.NOT_THERE,
}


def pull_spoilt(desk: Desk, front: Front, spoil: Spoil, ending: str = "/campaigns") -> str:
    """A pull whose second page is spoilt, while something was edited there."""
    ((_, edited),) = desk.some(1)
    desk.sandbox.control("PUT", f"campaigns/{edited}", {"title": "Edited there"})
    before = desk.evidence().ours
    front.spoil("GET", ending, spoil, page=2 if ending == "/campaigns" else None)
    state = desk.pull()
    after = desk.evidence()
    assert before.keys() == after.ours.keys()
    assert {row.sync_state for row in after.campaigns.values()} == {"confirmed"}
    changed = [number for number in before if before[number] != after.ours[number]]
    assert [after.ours[number]["title"] for number in changed] in ([], ["Edited there"])
    return state


def get_well(desk: Desk, front: Front) -> None:
    front.recover()
    desk.heal()
    assert desk.connection_state() == "active"
    desk.check()
    assert desk.our_writes() == []


@pytest.mark.parametrize("script", PASSING.values(), ids=PASSING)
def test_a_page_that_fails_in_passing_is_tried_again(
    desk: Desk, front: Front, script: Script
) -> None:
    rule = front.spoil("GET", "/campaigns", always(script), page=2, times=1)

    assert desk.pull() == "complete"

    assert rule.hits == 1
    rule.times = None
    assert pull_spoilt(desk, front, always(script)) == BROKEN_OFF
    assert desk.connection_state() == "active"
    assert 3 <= rule.hits <= 6
    get_well(desk, front)


@pytest.mark.parametrize("script", CHANGED.values(), ids=CHANGED)
def test_another_contract_pauses_and_concludes_nothing(
    desk: Desk, front: Front, script: Script
) -> None:
    assert pull_spoilt(desk, front, always(script)) == BROKEN_OFF
    assert desk.connection_state() == "paused"
    get_well(desk, front)


@pytest.mark.parametrize("spoil", listings.NOT_A_LIST.values(), ids=listings.NOT_A_LIST)
def test_another_shape_pauses_and_concludes_nothing(desk: Desk, front: Front, spoil: Spoil) -> None:
    assert pull_spoilt(desk, front, spoil) == BROKEN_OFF
    assert desk.connection_state() == "paused"
    get_well(desk, front)


@pytest.mark.parametrize("script", refusals.REFUSED.values(), ids=refusals.REFUSED)
def test_a_page_that_is_refused_ends_the_run(desk: Desk, front: Front, script: Script) -> None:
    assert pull_spoilt(desk, front, always(script)) == BROKEN_OFF
    get_well(desk, front)


@pytest.mark.parametrize("script", broken.TOO_MANY.values(), ids=broken.TOO_MANY)
def test_too_many_is_waited_out_or_left_for_the_next_run(
    desk: Desk, front: Front, script: Script
) -> None:
    assert pull_spoilt(desk, front, always(script)) == BROKEN_OFF
    assert desk.connection_state() == "active"
    # The longest that anybody may ask us to stay away.
    desk.clock.move(3600)
    get_well(desk, front)


@pytest.mark.parametrize("spoil", listings.WHOLE.values(), ids=listings.WHOLE)
def test_a_list_with_odd_directions_is_read_whole(desk: Desk, front: Front, spoil: Spoil) -> None:
    assert pull_spoilt(desk, front, spoil) == "complete"
    assert desk.connection_state() == "active"
    get_well(desk, front)


@pytest.mark.parametrize("spoil", listings.INCOMPLETE.values(), ids=listings.INCOMPLETE)
def test_a_list_that_is_not_whole_means_nothing_by_what_it_lacks(
    desk: Desk, front: Front, spoil: Spoil
) -> None:
    assert pull_spoilt(desk, front, spoil) == "incomplete"
    assert pull_spoilt(desk, front, spoil) == "incomplete"
    assert desk.connection_state() == "active"
    get_well(desk, front)


@pytest.mark.parametrize("kind", ["/advertisers", "/agencies"])
@pytest.mark.parametrize("name", ["closed in the body", "truncated", "null", "403", "404"])
def test_lists_beside_campaigns_take_nothing_away(
    desk: Desk, front: Front, kind: str, name: str
) -> None:
    script = {**PASSING, **CHANGED}[name]
    names = desk.evidence().advertiser_names

    state = pull_spoilt(desk, front, always(script), kind)

    assert state in (("failed",) if kind == "/advertisers" else ("failed", "complete"))
    assert desk.evidence().advertiser_names == names
    get_well(desk, front)
