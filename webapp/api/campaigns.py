"""Campaigns for scripts: the same list as the page, as JSON."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access, serialize
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries
from webapp.web.lists import list_params

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
access.protect(blueprint)


@blueprint.get("/campaigns")
@requires(Permission.READ)
def list_campaigns() -> ResponseReturnValue:
    params = list_params(queries.CAMPAIGNS)
    page = queries.list_campaigns(params)
    return jsonify(serialize.listing(page, params, serialize.campaign))


@blueprint.get("/campaigns/<uuid>")
@requires(Permission.READ)
def get_campaign(uuid: str) -> ResponseReturnValue:
    return jsonify(serialize.campaign(queries.campaign_row(uuid)))
