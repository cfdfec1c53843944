"""What a script may ask about itself."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access
from webapp.api.limits import WINDOW_SECONDS
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import me as schemas
from webapp.api.serialize import Json, moment
from webapp.auth import queries
from webapp.auth.permissions import PERMISSION_OF, Scope


@operation("GET", "/me", Declaration(Scope.READ, "Token", "This token", {200: schemas.Me}))
def get_me() -> ResponseReturnValue:
    """The token that this request was made with: what it may do, for whom, and how often."""
    token = access.current_token()
    return jsonify(
        {
            "token": {
                "name": token.name,
                "created_at": moment(token.created_at),
                "expires_at": moment(token.expires_at),
                "last_used_at": moment(token.last_used_at),
            },
            "scopes": [scope.value for scope in Scope if access.may(PERMISSION_OF[scope])],
            "operator": _operator(token.operator_id),
            "limit": {"requests": token.per_window, "window_seconds": WINDOW_SECONDS},
        }
    )


def _operator(operator_id: int | None) -> Json | None:
    operator = queries.get_operator(operator_id) if operator_id is not None else None
    return {"email": operator.email, "role": operator.role} if operator else None
