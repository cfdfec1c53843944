"""A condition that SQLite is told to be likely is the same condition."""

import pytest
from sqlalchemy import Integer, and_, column, or_
from sqlalchemy.dialects import postgresql, sqlite

from webapp.core.likely import likely

A, B, C = (column(name, Integer) for name in "abc")
HINT = {sqlite.dialect: "likely(a > 1 OR b > 1)", postgresql.dialect: "(a > 1 OR b > 1)"}


@pytest.mark.parametrize(("dialect", "said"), HINT.items(), ids=["sqlite", "postgresql"])
def test_what_is_beside_it_stays_beside_it(dialect, said):
    either = likely(or_(A > 1, B > 1))

    def text(condition):
        how = {"literal_binds": True}
        return str(condition.compile(dialect=dialect(), compile_kwargs=how))

    assert text(and_(either, C > 1)) == f"{said} AND c > 1"
    assert text(~either) == f"NOT {said}"
