"""People and invitations as the timeline names them."""

from webapp.audit.service import Subject
from webapp.auth.models import Invitation, Operator

# Of an invitation that names nobody.
WHOEVER = "whoever sets this up"


def of_person(operator: Operator) -> Subject:
    return Subject("operator", operator.id, operator.email)


def of_invitation(invitation: Invitation) -> Subject:
    return Subject("invitation", invitation.id, invitation.email or WHOEVER)
