"""Who acts in a request: the actor that views hand to services."""

from webapp.audit.service import Actor
from webapp.auth.access import operator
from webapp.auth.models import Operator
from webapp.web.requests import current_request_id


def web_actor() -> Actor:
    """The signed-in operator, working in a browser."""
    return actor_of(operator())


def actor_of(who: Operator) -> Actor:
    """The same for somebody who is about to be signed in."""
    return Actor(who.email, "web", operator_id=who.id, request_id=current_request_id())
