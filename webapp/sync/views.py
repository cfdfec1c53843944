"""The sync page: how fresh the copy is, and each run."""

from flask import Blueprint

from webapp.auth.access import requires
from webapp.auth.permissions import Permission

blueprint = Blueprint("sync", __name__)


@blueprint.get("/sync")
@requires(Permission.READ)
def index() -> str:
    return ""
