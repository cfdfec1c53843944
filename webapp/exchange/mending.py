"""The lines of a file that came to nothing, as a file to mend and to import again."""

import csv
import io
from collections.abc import Mapping

from webapp.exchange.columns import PROBLEM
from webapp.exchange.guard import CLEAR, guarded, unguarded
from webapp.exchange.reading import Table
from webapp.exchange.writing import BYTE_ORDER_MARK


def with_problems(table: Table, problems: Mapping[int, str]) -> bytes:
    """The lines of a file that have a problem, as they stand there, with one column more."""
    headings = [_again(heading) for heading in table.headings if heading.strip() != PROBLEM]
    places = [place for place, name in enumerate(table.headings) if name.strip() != PROBLEM]
    rows = [[*headings, PROBLEM]]
    for line in table.lines:
        if line.number in problems:
            # What the spreadsheet left out at the end of a line; what it has too much goes last.
            raw = [*line.raw, *[""] * (len(table.headings) - len(line.raw))]
            cells = [_again(raw[place]) for place in places]
            beyond = [_again(cell) for cell in raw[len(table.headings) :]]
            rows.append([*cells, guarded(problems[line.number]), *beyond])
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=table.separator).writerows(rows)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _again(cell: str) -> str:
    """A cell of a file as it means the same in another one, guarded."""
    return cell if cell.strip() == CLEAR else guarded(unguarded(cell))
