"""Tables of results: printed, and kept as Markdown for people and JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import machine

RESULTS = Path(__file__).parent / "results"

Cell = str | int | float


@dataclass
class Table:
    """Rows under one heading. Numbers with a fraction are shown with one digit of it."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [[*self.columns], *([_shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
        drawn = [_line(line, widths) for line in (lines[0], rule, *lines[1:])]
        return "\n".join([f"## {self.title}", "", *drawn])


@dataclass
class Report:
    """One benchmark's outcome; ``name`` is the file's."""

    name: str
    title: str
    about: str
    database: str
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = machine.describe(self.database)

    def finish(self) -> None:
        """Print all tables and keep them."""
        self.machine["load after"] = machine.load()
        text = self._markdown()
        print(text)
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text(text, encoding="utf-8")
        (RESULTS / f"{self.name}.json").write_text(
            json.dumps(self._content(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )

    def _markdown(self) -> str:
        facts = "\n".join(f"- {name}: {value}" for name, value in self.machine.items())
        tables = [table.markdown() for table in self.tables]
        return "\n\n".join([f"# {self.title}", self.about, facts, *tables, *self.notes]) + "\n"

    def _content(self) -> dict[str, object]:
        return {
            "title": self.title,
            "machine": self.machine,
            "tables": {
                table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
                for table in self.tables
            },
            "notes": self.notes,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all values do not exceed: one of them, never between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _shown(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.1f}" if isinstance(cell, float) else f"{cell:,}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"
