"""What every file must have, and what none may have."""

import ast
import re
import subprocess

import pytest

from tests.support.sources import ROOT, Source, sources

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Names that say nothing about what lives there.
VAGUE = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}
OURS = (".py", ".html", ".css", ".js", ".md", ".toml", ".txt", ".svg", ".mako", ".ini")


def named(source: Source) -> str:
    return source.name


def own_files() -> list[str]:
    """Text files that belong to the project: not vendored, not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() or [
        str(path.relative_to(ROOT))
        for folder in ("webapp", "templates", "static", "tests", "docs", "migrations")
        for path in (ROOT / folder).rglob("*")
    ]
    return [
        name
        for name in names
        if name.endswith(OURS) and "/vendor/" not in name and (ROOT / name).is_file()
    ]


@pytest.mark.parametrize("source", sources(), ids=named)
def test_every_module_says_what_lives_in_it(source: Source) -> None:
    if source.path.name == "__init__.py" and not source.text:
        return
    assert ast.get_docstring(source.tree), f"{source.name} has no docstring"


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{name}:{number}"
        for name in own_files()
        if name != "tests/meta/test_sources.py"
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [source.name for source in sources() if source.path.name in VAGUE] == []


def test_nothing_imports_from_the_package_root() -> None:
    found = [
        f"{source.name}:{node.lineno}"
        for source in sources("webapp")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "webapp"
        if any(alias.name == "create_app" for alias in node.names)
    ]
    assert found == []


def test_no_exception_is_swallowed() -> None:
    found = [
        f"{source.name}:{node.lineno}"
        for source in sources("webapp", "benchmarks", "migrations")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        if all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert found == []


def test_only_the_clock_reads_the_time_of_day() -> None:
    calls = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time\(\)")
    found = [
        f"{source.name}:{number}"
        for source in sources("webapp")
        for number, line in enumerate(source.text.splitlines(), 1)
        if calls.search(line) and source.name != "webapp/core/clock.py"
        if not source.name.startswith("webapp/sandbox/")
    ]
    assert found == []
