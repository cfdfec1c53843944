"""The three-way merge: every pattern of changes, and documents that Hypothesis makes up."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import sizes
from webapp.campaigns.fields import GROUPS, Snapshot
from webapp.sync.merge import Merged, merge, still_to_send

TEXT = st.text(max_size=8)
BUDGET = st.none() | st.tuples(st.integers(0, 10**15), st.sampled_from(("USD", "JPY"))).map(list)
VALUES = {
    "title": TEXT,
    "advertiser": st.none() | st.integers(1, 9),
    "external_id": st.none() | TEXT,
    "copy_needed": st.booleans(),
    "budget": BUDGET,
}
DOCUMENT = st.fixed_dictionaries(VALUES)
# Any of the groups, each with a value: those alone are drawn that are used, as drawing is slow.
CHANGES = st.fixed_dictionaries({}, optional=VALUES)

# A group's base, ours and theirs, and what is to become of it: ours, base, conflict, sent.
PATTERNS = {
    "nobody": ("a", "a", "a", ("a", "a", None, False)),
    "ours": ("a", "b", "a", ("b", "a", None, True)),
    "theirs": ("a", "a", "b", ("b", "b", None, False)),
    "both alike": ("a", "b", "b", ("b", "b", None, False)),
    "both apart": ("a", "b", "c", ("b", "a", "c", False)),
}


@st.composite
def documents(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """A base that is whole, in part or not known, and two sides that changed some of it."""
    whole = draw(DOCUMENT)
    known = draw(st.sets(st.sampled_from(GROUPS)))
    base = draw(st.sampled_from((whole, None, {g: whole[g] for g in GROUPS if g in known})))
    return base, whole | draw(CHANGES), whole | draw(CHANGES)


def merge_whole(base: Any, ours: Any, theirs: Any) -> tuple[Merged, Snapshot, Snapshot]:
    """The merge, ours after it, and what of it is still to send."""
    merged = merge(base, ours, theirs)
    after = ours | merged.take
    return merged, after, still_to_send(merged.base, after, set(merged.conflicts))


def result(base: Any, ours: Any, theirs: Any) -> dict[str, Any]:
    """By group: our value after, the base after, the conflict, and whether it is still to send."""
    merged, after, unsent = merge_whole(base, ours, theirs)
    return {
        group: (
            after[group],
            merged.base.get(group),
            merged.conflicts.get(group),
            group in unsent,
        )
        for group in GROUPS
    }


def test_every_combination_of_patterns_over_all_groups() -> None:
    for names in itertools.product(PATTERNS, repeat=len(GROUPS)):
        chosen = dict(zip(GROUPS, (PATTERNS[name] for name in names), strict=True))
        base, ours, theirs = ({g: p[side] for g, p in chosen.items()} for side in range(3))

        expected = {group: pattern[3] for group, pattern in chosen.items()}
        assert result(base, ours, theirs) == expected, names


@pytest.mark.sized
@settings(max_examples=sizes.DOCUMENTS, derandomize=not sizes.SOAK)
@given(documents())
def test_nothing_of_ours_is_lost(sides: tuple[Any, Any, Any]) -> None:
    base, ours, theirs = sides
    merged, after, unsent = merge_whole(base, ours, theirs)

    for group in GROUPS:
        is_ours = base is None or group not in base or base[group] != ours[group]
        if is_ours:
            assert after[group] == ours[group]
            assert group in unsent or group in merged.conflicts or theirs[group] == ours[group]
        else:
            assert after[group] == theirs[group]
            assert group not in unsent


@pytest.mark.sized
@settings(max_examples=sizes.DOCUMENTS, derandomize=not sizes.SOAK)
@given(documents())
def test_merging_again_changes_nothing_more(sides: tuple[Any, Any, Any]) -> None:
    base, ours, theirs = sides
    first, after, _ = merge_whole(base, ours, theirs)
    again = merge(first.base, after, theirs)

    assert (again.base, again.take, again.conflicts) == (first.base, {}, first.conflicts)


@pytest.mark.sized
@settings(max_examples=sizes.DOCUMENTS, derandomize=not sizes.SOAK)
@given(documents(), DOCUMENT, st.sampled_from(GROUPS))
def test_groups_do_not_touch_each_other(
    sides: tuple[Any, Any, Any], other: Any, group: str
) -> None:
    base, ours, theirs = sides
    before = result(base, ours, theirs)
    after = result(base, ours | {group: other[group]}, theirs)

    assert {g: before[g] for g in GROUPS if g != group} == {
        g: after[g] for g in GROUPS if g != group
    }


@pytest.mark.sized
@settings(max_examples=sizes.DOCUMENTS, derandomize=not sizes.SOAK)
@given(documents())
def test_equal_sides_agree_whatever_the_base(sides: tuple[Any, Any, Any]) -> None:
    base, ours, _ = sides
    merged = merge(base, ours, ours)

    assert (merged.base, merged.take, merged.conflicts) == (ours, {}, {})


@pytest.mark.sized
@settings(max_examples=sizes.DOCUMENTS, derandomize=not sizes.SOAK)
@given(documents())
def test_sending_what_is_left_makes_both_sides_equal(sides: tuple[Any, Any, Any]) -> None:
    base, ours, theirs = sides
    merged, after, unsent = merge_whole(base, ours, theirs)
    there = theirs | unsent

    differing = {group for group in GROUPS if after[group] != there[group]}
    assert differing == set(merged.conflicts)
