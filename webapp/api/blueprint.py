"""The API's blueprint, and what happens to every request before its operation.

In this order: the token, its permission, then the operation. Cookies are never looked at.
"""

from flask import Blueprint, Response

from webapp.api import access
from webapp.core.query import QueryError
from webapp.web import problems

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.before_request
def admit() -> None:
    access.check()
    access.check_permission()


@blueprint.errorhandler(problems.Problem)
def explain(problem: problems.Problem) -> Response:
    return problems.answer(problem)


@blueprint.errorhandler(QueryError)
def explain_query(error: QueryError) -> Response:
    return problems.answer(problems.unread(error))
