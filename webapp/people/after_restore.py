"""What a backup does not know of the ways in: those that were used up or taken back since.

A link or a code that opened something once would open it again. Which were, only whoever used them
knows: so all of them end, and new ones are made.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.auth import queries as auth_queries
from webapp.auth.models import Operator, RecoveryCode
from webapp.core.db import db
from webapp.people import invitations
from webapp.people.record import of_person


def withdraw_invitations(actor: Actor) -> int:
    """No invitation is open any more. How many were."""
    return invitations.withdraw_all(actor)


def discard_recovery_codes(actor: Actor) -> int:
    """Nobody has recovery codes any more. Of how many people there were some left."""
    left = select(RecoveryCode.operator_id).where(RecoveryCode.used_at.is_(None))
    query = select(Operator).where(Operator.id.in_(left)).order_by(Operator.id)
    people = db.session.scalars(query).all()
    db.session.execute(delete(RecoveryCode))
    for each in people:
        audit.record(actor, "recovery codes discarded", of_person(each))
    return len(people)


def live_tokens(now: datetime) -> Sequence[str]:
    """Names of the scripts' tokens that open something, whether or not they were revoked since."""
    return [token.name for token, _ in auth_queries.list_tokens() if token.state(now) == "live"]
