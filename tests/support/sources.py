"""The project's own source files, for tests about the code itself."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("webapp", "benchmarks", "migrations", "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file. ``name`` is its path from the project's folder."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Place and node of every function, those in classes and functions too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield f"{self.name}:{node.lineno} {node.name}", node


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Python files of these folders (all when none is named), sorted."""
    paths = [path for folder in folders or CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    if not folders:
        paths.append(ROOT / "wsgi.py")
    return tuple(Source(path) for path in sorted(paths))


def length(node: Function) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
