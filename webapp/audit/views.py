"""The timeline: everything that happened, newest first."""

from flask import Blueprint

from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("audit", __name__)


@blueprint.get("/timeline")
@requires(Permission.READ)
def index() -> str:
    return ""
