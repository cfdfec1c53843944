"""Every pattern of the three-way merge, and what must hold for any values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.campaigns.fields import GROUPS
from webapp.sync.merge import merge, still_to_send

BASE = {
    "title": "Old",
    "advertiser": 1,
    "external_id": "IO-1",
    "copy_needed": False,
    "budget": [100, "USD"],
}
VALUES = st.sampled_from(["a", "b", "c"])
SNAPSHOTS = st.fixed_dictionaries(dict.fromkeys(GROUPS, VALUES))


@pytest.mark.parametrize(
    ("ours", "theirs", "taken", "conflict", "agreed", "sent"),
    [
        ("Old", "Old", None, None, "Old", None),
        ("New", "Old", None, None, "Old", "New"),
        ("Old", "Theirs", "Theirs", None, "Theirs", None),
        ("Same", "Same", None, None, "Same", None),
        ("New", "Theirs", None, "Theirs", "Old", None),
    ],
    ids=["nobody", "ours", "theirs", "both alike", "both apart"],
)
def test_each_pattern_of_changes(
    ours: str, theirs: str, taken: Any, conflict: Any, agreed: str, sent: Any
) -> None:
    merged = merge(BASE, BASE | {"title": ours}, BASE | {"title": theirs})

    assert merged.take.get("title") == taken
    assert merged.conflicts.get("title") == conflict
    assert merged.base["title"] == agreed
    after = BASE | {"title": ours} | merged.take
    assert still_to_send(merged.base, after, set(merged.conflicts)).get("title") == sent


def test_amount_and_currency_are_one_group() -> None:
    merged = merge(BASE, BASE | {"budget": [200, "USD"]}, BASE | {"budget": [100, "EUR"]})

    assert merged.conflicts == {"budget": [100, "EUR"]}


def test_a_conflict_in_one_group_leaves_the_others_free() -> None:
    ours = BASE | {"title": "Ours", "external_id": "IO-2"}
    merged = merge(BASE, ours, BASE | {"title": "Theirs"})

    assert still_to_send(merged.base, ours, set(merged.conflicts)) == {"external_id": "IO-2"}


def test_without_a_base_a_difference_is_a_conflict_and_never_overwrites() -> None:
    merged = merge(None, BASE, BASE | {"title": "Theirs"})

    assert merged.take == {}
    assert merged.conflicts == {"title": "Theirs"}


@given(SNAPSHOTS, SNAPSHOTS, SNAPSHOTS)
def test_no_value_is_lost_by_any_merge(base: Any, ours: Any, theirs: Any) -> None:
    merged = merge(base, ours, theirs)
    kept = ours | merged.take
    to_send = still_to_send(merged.base, kept, set(merged.conflicts))

    for group in GROUPS:
        if ours[group] != base[group]:
            # The operator's value stays, and either goes out, or waits for a decision, or is there.
            assert kept[group] == ours[group]
            assert group in to_send or group in merged.conflicts or theirs[group] == ours[group]
        else:
            assert kept[group] == theirs[group]
            assert group not in to_send


@given(SNAPSHOTS, SNAPSHOTS, SNAPSHOTS)
def test_merging_the_same_again_changes_nothing_more(base: Any, ours: Any, theirs: Any) -> None:
    first = merge(base, ours, theirs)
    kept = ours | first.take
    again = merge(first.base, kept, theirs)

    assert (again.base, again.take, again.conflicts) == (first.base, {}, first.conflicts)
