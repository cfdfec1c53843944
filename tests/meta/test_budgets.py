"""Files and functions stay small: what grows beyond its budget is split, not excused."""

import ast
import statistics

import pytest

from tests.support.sources import ROOT, Function, Source, length, sources

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_VIEW_LINES = 40
MOST_TEMPLATE_LINES = 140
MOST_NESTING = 3
MEDIAN_FUNCTION_LINES = 9
MEDIAN_FILE_LINES = 120
LINES_PER_SUPPRESSION = 1000

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
MARKS = ("noqa", "type: ignore", "pragma: no cover", "nosec", "fmt: off")


def is_view_module(source: Source) -> bool:
    return source.path.stem.endswith("views") or source.name.startswith("webapp/api/")


def nesting(node: ast.AST) -> int:
    """How many blocks deep the statements of a function go; ``elif`` is no deeper than ``if``."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (Function, ast.ClassDef)):
            continue
        inner = nesting(child)
        if isinstance(child, BLOCKS) and not _is_elif(node, child):
            inner += 1
        deepest = max(deepest, inner)
    return deepest


def _is_elif(parent: ast.AST, child: ast.AST) -> bool:
    return isinstance(parent, ast.If) and isinstance(child, ast.If) and parent.orelse == [child]


def test_no_file_is_too_long() -> None:
    assert [f"{s.name}: {s.lines}" for s in sources() if s.lines > MOST_FILE_LINES] == []


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{place}: {length(node)}"
        for source in sources("webapp", "benchmarks", "tests")
        for place, node in source.functions()
        if length(node) > MOST_FUNCTION_LINES
    ]
    assert too_long == []


def test_no_view_is_too_long() -> None:
    too_long = [
        f"{place}: {length(node)}"
        for source in sources("webapp")
        if is_view_module(source)
        for place, node in source.functions()
        if length(node) > MOST_VIEW_LINES
    ]
    assert too_long == []


def test_nothing_is_nested_too_deep() -> None:
    too_deep = [
        f"{place}: {nesting(node)}"
        for source in sources("webapp", "benchmarks", "tests")
        for place, node in source.functions()
        if nesting(node) > MOST_NESTING
    ]
    assert too_deep == []


def test_most_functions_and_files_are_short() -> None:
    code = sources("webapp")
    functions = [length(node) for source in code for _, node in source.functions()]
    files = [source.lines for source in code if source.lines]
    assert statistics.median(functions) <= MEDIAN_FUNCTION_LINES
    assert statistics.median(files) <= MEDIAN_FILE_LINES


def test_no_template_is_too_long() -> None:
    templates = {path: path.read_text().count("\n") for path in ROOT.glob("templates/**/*.html")}
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path, lines in templates.items()
        if lines > MOST_TEMPLATE_LINES
    }
    assert templates
    assert too_long == {}


def test_checks_are_hardly_ever_switched_off() -> None:
    code = [source for source in sources() if source.path.name != "test_budgets.py"]
    found = [
        f"{source.name}:{number} {line.strip()}"
        for source in code
        for number, line in enumerate(source.text.splitlines(), 1)
        if any(f"# {mark}" in line for mark in MARKS)
    ]
    allowed = sum(source.lines for source in code) // LINES_PER_SUPPRESSION
    assert len(found) <= allowed, "\n".join([f"{len(found)} of {allowed} allowed:", *found])


@pytest.mark.parametrize(
    ("code", "depth"),
    [
        ("x = 1", 0),
        ("if a:\n  pass", 1),
        ("if a:\n  pass\nelif b:\n  pass\nelif c:\n  pass", 1),
        (
            "for x in y:\n  if a:\n    with b:\n      try:\n        c\n      finally:\n        d",
            4,
        ),
        ("if a:\n  def inner():\n    if b:\n      pass", 1),
    ],
)
def test_depth_is_counted_as_a_reader_would(code: str, depth: int) -> None:
    assert nesting(ast.parse(code)) == depth
