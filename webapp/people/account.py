"""What people change about their own way in: their password, and where they are signed in."""

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.auth import service as auth
from webapp.auth import sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.core.db import db
from webapp.core.errors import NotFound, TooLate
from webapp.people.record import of_person


def change_password(actor: Actor, operator: Operator, here: OperatorSession, digest: str) -> None:
    """Give oneself another password, of which this is the digest; all sessions end, this one too.

    Raises ``TooLate`` when this session was ended meanwhile: whoever did that wins.
    """
    if not sessions.end(here):
        raise TooLate("You were signed out meanwhile. Your password is what it was.")
    auth.put_password(operator, digest)
    audit.record(actor, "password changed", of_person(operator))


def end_session(actor: Actor, operator: Operator, session_id: int) -> bool:
    """End one's session in another browser. ``False`` when it had ended before.

    Raises ``NotFound`` for what is no session of this person.
    """
    row = db.session.get(OperatorSession, session_id)
    if row is None or row.operator_id != operator.id:
        raise NotFound("There is no such session.")
    ended = sessions.end(row)
    if ended:
        audit.record(actor, "session ended", of_person(operator))
    return ended


def end_others(actor: Actor, operator: Operator, here: OperatorSession) -> int:
    """End one's sessions in all other browsers; returns how many were open."""
    ended = sessions.end_all(operator.id, but=here)
    if ended:
        audit.record(actor, "other sessions ended", of_person(operator))
    return ended
