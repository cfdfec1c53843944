"""The list of advertisers."""

from flask import Blueprint

from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("advertisers", __name__)


@blueprint.get("/advertisers")
@requires(Permission.READ)
def index() -> str:
    return ""
