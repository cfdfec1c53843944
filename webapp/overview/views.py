"""The overview page."""

from flask import Blueprint

from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@requires(Permission.READ)
def index() -> str:
    return ""
