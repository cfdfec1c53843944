"""Listening to an event of SQLAlchemy's for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event


@contextmanager
def listening(target: object, name: str, listener: Callable[..., object]) -> Iterator[None]:
    """Call the listener at every such event of the target while the block runs."""
    event.listen(target, name, listener)
    try:
        yield
    finally:
        event.remove(target, name, listener)
