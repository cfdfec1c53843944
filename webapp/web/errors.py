"""Errors become answers in one place: a page, a redirect, or a problem under ``/api/``."""

import structlog
from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp.core.db import give_up, was_given_up
from webapp.core.errors import InvalidInput, KeyReused, NotFound, TooLate, TooSlow
from webapp.web import problems
from webapp.web.requests import current_request_id

WORDS = {
    400: "The request could not be understood.",
    401: "A valid token is needed: send it as “Authorization: Bearer TOKEN”.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    409: "This clashes with what is there now.",
    413: "This is too large.",
    415: "Send JSON.",
    422: "Some values cannot be used.",
    429: "Too many requests. Wait a minute.",
    500: "Something went wrong on our side.",
    503: "This cannot be answered just now. Try again in a minute.",
}

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, form_is_no_longer_valid)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(InvalidInput, _invalid)
    app.register_error_handler(KeyReused, _clash)
    app.register_error_handler(TooLate, _clash)
    app.register_error_handler(TooSlow, _too_slow)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    return request.path.startswith("/api/")


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error.response, Response):
        return error.response
    made = answer(error.code or 500, WORDS.get(error.code or 500, error.name))
    if not isinstance(error, MethodNotAllowed):
        return made
    response = current_app.make_response(made)
    response.allow.update(error.valid_methods or ())
    return response


def form_is_no_longer_valid(_error: CSRFError) -> ResponseReturnValue:
    return answer(400, "This form is no longer valid. Go back, reload the page and send it again.")


def _not_found(error: NotFound) -> ResponseReturnValue:
    return answer(404, str(error))


def _invalid(error: InvalidInput) -> ResponseReturnValue:
    return answer(422, str(error), fields=error.fields)


def _clash(error: KeyReused | TooLate) -> ResponseReturnValue:
    return answer(409, str(error))


def _too_slow(error: TooSlow) -> ResponseReturnValue:
    return answer(503, str(error))


def _database(error: DBAPIError) -> ResponseReturnValue:
    if not was_given_up(error):
        return _unexpected(error)
    give_up()
    return _too_slow(TooSlow())


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("request_failed", exc_info=error, endpoint=request.endpoint)
    return answer(500, WORDS[500])


def answer(status: int, message: str, fields: dict[str, str] | None = None) -> ResponseReturnValue:
    """One error in the format its reader can use."""
    if wants_json():
        return problems.of_status(status, message, fields)
    if status == 500:
        # Without context processors: they ask who is signed in, and the database may be what broke.
        page = current_app.jinja_env.get_template("errors/500.html")
        return page.render(request_id=current_request_id()), status
    name = f"errors/{status}.html" if status in (403, 404) else "errors/other.html"
    page_text = render_template(
        name, status=status, message=message, request_id=current_request_id()
    )
    return page_text, status
