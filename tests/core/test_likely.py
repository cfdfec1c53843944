"""A condition that SQLite is told to be likely or unlikely is the same condition."""

import pytest
from sqlalchemy import Integer, and_, column, or_
from sqlalchemy.dialects import postgresql, sqlite

from webapp.core.likely import likely, unlikely

A, B, C = (column(name, Integer) for name in "abc")
EITHER = "(a > 1 OR b > 1)"
HINTS = [
    (sqlite.dialect, likely, f"likely{EITHER}"),
    (sqlite.dialect, unlikely, f"unlikely{EITHER}"),
    (postgresql.dialect, likely, EITHER),
    (postgresql.dialect, unlikely, EITHER),
]


@pytest.mark.parametrize(("dialect", "told", "said"), HINTS)
def test_what_is_beside_it_stays_beside_it(dialect, told, said):
    either = told(or_(A > 1, B > 1))

    def text(condition):
        how = {"literal_binds": True}
        return str(condition.compile(dialect=dialect(), compile_kwargs=how))

    assert text(and_(either, C > 1)) == f"{said} AND c > 1"
    assert text(~either) == f"NOT {said}"
