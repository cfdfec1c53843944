"""The transaction of an operation that changes something, tried out or for real."""

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.core.db import db, transaction


@contextmanager
def writing(*, dry_run: bool = False) -> Iterator[None]:
    """Commit at the end; when ``dry_run``, take everything back instead.

    What is answered must be made inside: afterwards a dry run has left nothing to read.
    """
    with transaction():
        yield
        if dry_run:
            db.session.flush()
            db.session.rollback()
