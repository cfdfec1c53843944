"""The API's blueprint, and what happens around every operation.

In this order: the token, its limit, its permission, then the operation, which reads what was sent.
Cookies are never looked at. An address below that is not there counts like any other.
"""

from flask import Blueprint, Response, g, request

from webapp.api import access, answers, limits, refusals, trying
from webapp.core.errors import InvalidInput
from webapp.core.query import QueryError
from webapp.web import problems

PREFIX = "/api/v1"

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)


@blueprint.before_app_request
def admit() -> None:
    if request.blueprint == blueprint.name:
        access.check()
        access.check_permission()
    elif request.url_rule is None and f"{request.path}/".startswith(f"{PREFIX}/"):
        access.check()


@blueprint.after_app_request
def finish(response: Response) -> Response:
    answers.keep(response)
    trying.say(response)
    standing: limits.Standing | None = g.get("api_standing")
    if standing:
        limits.say(standing, response)
    return response


@blueprint.app_errorhandler(problems.Problem)
def explain(problem: problems.Problem) -> Response:
    return problems.answer(problem)


@blueprint.errorhandler(InvalidInput)
def explain_invalid(error: InvalidInput) -> Response:
    fields = {name: refusals.to_script(words) for name, words in error.fields.items()}
    detail = "; ".join(fields.values())
    return problems.answer(problems.Problem("invalid", detail, problems.pointers(fields)))


@blueprint.errorhandler(QueryError)
def explain_query(error: QueryError) -> Response:
    return problems.answer(problems.unread(error))
