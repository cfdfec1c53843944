"""Who may administer. Taking that right away, and using it, waits for all others who do."""

from webapp.audit.service import Actor
from webapp.core.errors import DomainError
from webapp.people import queries


class Refused(DomainError):
    """It would leave nobody, or the wrong one, to administer."""


def hold(actor: Actor) -> list[int]:
    """The ids of all who may administer; it stays so until the transaction ends.

    Raises ``Refused`` when the actor may not, any more. Whoever is at the shell may.
    """
    admins = [each.id for each in queries.locked_admins()]
    if actor.operator_id is not None and actor.operator_id not in admins:
        raise Refused("You may not administer people any more.")
    return admins
