"""What the database keeps locked: credentials of connections, and second factors of people."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.auth.models import Operator
from webapp.connections import credentials
from webapp.connections.models import Connection
from webapp.connections.service import subject
from webapp.core.crypt import CannotOpen, decrypt, encrypt, is_newest
from webapp.core.db import db


@dataclass(frozen=True, slots=True)
class Kept:
    """One locked text, in its row's ``field``; ``place`` is what it is bound to."""

    row: Connection | Operator
    field: str
    place: str
    subject: Subject

    @property
    def words(self) -> str:
        what = "the token of" if isinstance(self.row, Connection) else "the second factor of"
        return f"{what} {self.subject.label}"

    @property
    def text(self) -> str:
        return str(getattr(self.row, self.field))

    def opened(self) -> str:
        """Raises ``CannotOpen``."""
        return decrypt(self.text, bound_to=self.place)


@dataclass(frozen=True, slots=True)
class Relocked:
    """How many were locked anew, and those, in words, that no key opens: they stay as they are."""

    done: int
    closed: list[str]


def closed() -> list[str]:
    """What no key of this installation opens, in words."""
    return [each.words for each in _kept() if not _opens(each)]


def relock(actor: Actor) -> Relocked:
    """Lock everything with the newest key. What it locked already stays as it is."""
    done, left = 0, []
    for each in _kept(for_update=True):
        if is_newest(each.text):
            continue
        if not _opens(each):
            left.append(each.words)
            continue
        setattr(each.row, each.field, encrypt(each.opened(), bound_to=each.place))
        audit.record(actor, "new lock", each.subject)
        done += 1
    db.session.flush()
    return Relocked(done, left)


def _opens(kept: Kept) -> bool:
    try:
        kept.opened()
    except CannotOpen:
        return False
    return True


def _kept(*, for_update: bool = False) -> Iterator[Kept]:
    connections = select(Connection).where(Connection.credential.is_not(None))
    people = select(Operator).where(Operator.totp_secret.is_not(None))
    if for_update:
        connections, people = connections.with_for_update(), people.with_for_update()
    for person in db.session.scalars(people.order_by(Operator.id)):
        place = f"operator:{person.id}:totp"
        yield Kept(person, "totp_secret", place, Subject("operator", person.id, person.email))
    for each in db.session.scalars(connections.order_by(Connection.id)):
        yield Kept(each, "credential", credentials.place_of(each.id), subject(each))
