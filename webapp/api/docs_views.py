"""The documentation of the API, for anybody: it tells how the service works, and shows no data.

Outside the API's own blueprint, which asks for a token.
"""

import json
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from webapp.api import explained, markdown, openapi, postman, reference
from webapp.web.headers import WITH_PICTURES_IN_STYLES
from webapp.web.problems import CODES

FIRST_SCRIPT = Path(__file__).parents[2] / "docs" / "api" / "first-script.md"

blueprint = Blueprint("docs", __name__)
blueprint.add_app_template_filter(markdown.inline, "inline")


@blueprint.get("/api/v1/openapi.json")
def document() -> Response:
    return _kept(openapi.document_text())


@blueprint.get("/api/v1/postman.json")
def collection() -> Response:
    return _kept(postman.collection_text())


@blueprint.get("/api/docs")
def explorer() -> ResponseReturnValue:
    response = make_response(render_template("api/explorer.html"))
    response.headers["Content-Security-Policy"] = WITH_PICTURES_IN_STYLES
    return response


@blueprint.get("/api/redoc")
def read() -> ResponseReturnValue:
    return render_template(
        "api/reference.html", about=reference.about(), chapters=reference.chapters()
    )


@blueprint.get("/api/docs/errors")
def errors() -> ResponseReturnValue:
    return render_template(
        "api/errors.html",
        errors=[(code, explained.EXPLAINED[code.name]) for code in CODES.values()],
        shown=json.dumps(explained.example_of("invalid"), ensure_ascii=False, indent=2),
    )


@blueprint.get("/api/docs/first-script")
def first_script() -> ResponseReturnValue:
    return render_template(
        "api/first_script.html", blocks=markdown.blocks(FIRST_SCRIPT.read_text("utf-8"))
    )


def _kept(text: str) -> Response:
    """The same in the life of a process: whoever has it need not fetch it again."""
    response = Response(text, mimetype="application/json")
    response.add_etag()
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
