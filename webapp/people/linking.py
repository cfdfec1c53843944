"""Which account of the sign-in service is whose here, written into the timeline."""

from webapp.audit import service as audit
from webapp.audit.actors import actor_of
from webapp.audit.service import Actor
from webapp.auth import oidc, sessions
from webapp.auth.models import Operator
from webapp.auth.oidc import Account
from webapp.core.db import db
from webapp.people.record import of_person


def operator_of(account: Account) -> Operator:
    """Whose account it is; the first time it is linked to them. Raises ``NobodyHere``."""
    operator, is_new = oidc.operator_of(account)
    if is_new:
        audit.record(actor_of(operator), "sign-in linked", of_person(operator))
    return operator


def unlink(actor: Actor, operator: Operator) -> bool:
    """Somebody has another account there from now on. ``False`` when none was linked.

    All their sessions end. The next account with their verified e-mail is linked.
    """
    db.session.refresh(operator, with_for_update={"key_share": True})
    if operator.oidc_subject is None:
        return False
    operator.oidc_subject = None
    audit.record(actor, "sign-in unlinked", of_person(operator))
    sessions.end_all(operator.id)
    db.session.flush()
    return True
