"""Campaigns for scripts: the same list as the page, as JSON."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access, serialize
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import listing
from webapp.campaigns.terms import Asker
from webapp.core.query import QueryError
from webapp.web.lists import list_params
from webapp.web.requests import current_request_id
from webapp.web.settings import zone

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
access.protect(blueprint)


@blueprint.get("/campaigns")
@requires(Permission.READ)
def list_campaigns() -> ResponseReturnValue:
    params = list_params(listing.CAMPAIGNS)
    page = listing.list_campaigns(params, Asker(zone=zone()))
    return jsonify(serialize.listing(page, params, serialize.campaign))


@blueprint.errorhandler(QueryError)
def explain(error: QueryError) -> ResponseReturnValue:
    """What cannot be read in a query, with its place in the text and what may have been meant."""
    return jsonify(error=serialize.query_error(error, current_request_id())), 422


@blueprint.get("/campaigns/<uuid>")
@requires(Permission.READ)
def get_campaign(uuid: str) -> ResponseReturnValue:
    return jsonify(serialize.campaign(listing.campaign_row(uuid)))
