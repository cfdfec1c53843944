"""Campaigns for scripts: list and one."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import serialize
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as schemas
from webapp.auth.permissions import Scope
from webapp.campaigns import listing
from webapp.connections import queries as connections


@operation(
    "GET",
    "/campaigns/<uuid>",
    Declaration(
        Scope.READ,
        "Campaigns",
        "One campaign",
        {200: schemas.Campaign},
        errors=frozenset({"not_found"}),
    ),
)
def get_campaign(uuid: str) -> ResponseReturnValue:
    """The campaign as Flightdeck has it now."""
    return jsonify(serialize.campaign(listing.campaign_row(uuid), connections.organizations()))
