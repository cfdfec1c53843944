"""Health: public addresses for whatever watches over this process and over the whole."""

from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from webapp.core.clock import utc_now
from webapp.ops import readiness

blueprint = Blueprint("ops", __name__)


@blueprint.get("/health")
def live() -> ResponseReturnValue:
    """200 while this process answers at all. Asks nothing: a restart would mend nothing else."""
    return jsonify(status="ok")


@blueprint.get("/health/ready")
def ready() -> ResponseReturnValue:
    """200 when every part does what it should, else 503; each part is named.

    ``?parts=database,migrations`` looks at these only, as who sends requests here should.
    """
    asked = [name for name in request.args.get("parts", "").split(",") if name]
    if not set(asked) <= set(readiness.NAMES):
        abort(400)
    parts = readiness.parts_of(current_app.config["SETTINGS"], utc_now(), asked or readiness.NAMES)
    is_ready = all(part.ok for part in parts)
    told = [part.told() for part in parts]
    return jsonify(
        status="ready" if is_ready else "not ready", parts=told
    ), 200 if is_ready else 503
