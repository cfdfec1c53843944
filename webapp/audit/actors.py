"""Who acts in a request: the actor that views hand to services."""

from webapp.audit.service import Actor
from webapp.auth.access import operator
from webapp.web.requests import current_request_id


def web_actor() -> Actor:
    """The signed-in operator, working in a browser."""
    who = operator()
    return Actor(who.email, "web", operator_id=who.id, request_id=current_request_id())
