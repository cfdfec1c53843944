"""The campaign list and the campaign page."""

from flask import Blueprint

from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("campaigns", __name__)


@blueprint.get("/campaigns")
@requires(Permission.READ)
def index() -> str:
    return ""
