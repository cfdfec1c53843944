"""Every invariant has a check, and a test that exists proves it."""

import ast

import pytest

from tests.proof.invariants import CHECKS
from tests.proof.layers import MUTANTS as BY_MUTANTS
from tests.proof.layers import PROVEN_BY
from tests.proof.mutants import MUTANTS
from tests.support.sources import ROOT

NAMED = [f"I{number}" for number in (*range(1, 16), 23, 24)]


def test_every_invariant_is_checked_and_proven_somewhere() -> None:
    assert list(CHECKS) == NAMED
    assert list(PROVEN_BY) == NAMED
    assert [name for name in NAMED if not PROVEN_BY[name]] == []


@pytest.mark.parametrize("name", NAMED)
def test_the_tests_that_prove_it_exist(name: str) -> None:
    for test in PROVEN_BY[name]:
        path, _, function = test.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in names, test


def test_what_mutants_prove_has_a_mutant_that_breaks_it() -> None:
    claimed = {name for name, tests in PROVEN_BY.items() if BY_MUTANTS in tests}
    broken = {name for mutant in MUTANTS for name in mutant.breaks}

    assert claimed == broken


def test_mutants_have_names_of_their_own() -> None:
    names = [mutant.name for mutant in MUTANTS]

    assert len(set(names)) == len(names)
