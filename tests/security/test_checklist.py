"""The checklist of docs/security.md: every requirement once, and no test that is not there."""

import re
from collections import Counter
from functools import cache

from tests.support.sources import ROOT, Source

PAGE = ROOT / "docs" / "security.md"
# ASVS 5.0.0: for each section, the level of each of its requirements in turn.
LEVELS = {
    1: "22 1111122223 112222222223 222 123",
    2: "122 112 12223 23",
    3: "3 113 12223 11222233 11122333 3 22333",
    4: "12233 23333 22 1222",
    5: "2 112333 113 222",
    6: "122 111111112222 11223333 112233 22222333 2223 33 2222",
    7: "222 1111 22 11222 223 22",
    8: "1233 1123 133 23",
    9: "111 1222",
    10: "22 223 22223 1111122222233333 22222 22 222",
    11: "2233 22233 11233 1222 23 23 33",
    12: "12233 11 22223",
    13: "2333 222223 2233 1222233",
    14: "22 12223333 122",
    15: "12233 12233 1222222 3333",
    16: "2 22222 2222 222 2223",
    17: "23 22223333 22",
}
REQUIREMENT = re.compile(r"V\d+\.\d+\.\d+")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def requirements() -> dict[str, int]:
    """Every requirement with its level."""
    return {
        f"V{chapter}.{section}.{number}": int(level)
        for chapter, sections in LEVELS.items()
        for section, levels in enumerate(sections.split(), start=1)
        for number, level in enumerate(levels, start=1)
    }


def lines() -> list[list[str]]:
    """The cells of the checklist's lines."""
    text = PAGE.read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| V")
    ]


@cache
def functions_of(path: str) -> set[str]:
    return {node.name for _, node in Source(ROOT / path).functions()}


def test_every_requirement_of_level_1_and_2_is_there_once() -> None:
    named = Counter(name for cells in lines() for name in REQUIREMENT.findall(cells[0]))
    known = requirements()
    assert [name for name, times in named.items() if times > 1] == []
    assert named.keys() - known.keys() == set()
    assert {name for name, level in known.items() if level < 3} - named.keys() == set()


def test_every_line_that_is_kept_names_tests_and_all_of_them_exist() -> None:
    kept = [cells for cells in lines() if len(cells) == 3]
    assert len(kept) > 80
    for cells in kept:
        found = TEST.findall(cells[2])
        assert found, cells
        assert cells[2].count("tests/") == len(found), cells
        for path, name in found:
            assert (ROOT / path).is_file(), path
            assert name in functions_of(path), f"{path}::{name}"


def test_every_other_line_says_why() -> None:
    others = [cells for cells in lines() if len(cells) != 3]
    assert len(others) > 30
    assert [cells for cells in others if len(cells) != 2 or len(cells[1]) < 8] == []


def test_every_page_that_is_named_exists() -> None:
    named = re.findall(r"\]\(([\w/.-]+\.md)(?:#([\w-]+))?\)", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 8
    for path, part in named:
        text = (PAGE.parent / path).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not part or part in anchors, f"{path}#{part}"


def test_a_name_is_looked_for_as_what_it_is() -> None:
    assert functions_of("tests/security/test_checklist.py") >= {"functions_of", "requirements"}


def test_the_levels_are_those_of_the_standard() -> None:
    assert Counter(requirements().values()) == {1: 70, 2: 183, 3: 92}
    assert requirements()["V6.2.12"] == 2
