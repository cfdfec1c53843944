"""htmx on the server side: the one place that knows which library reads its headers."""

from flask import Flask, Response, request
from htmx_flask import Htmx

_htmx = Htmx()


def init_app(app: Flask) -> None:
    _htmx.init_app(app)
    app.after_request(_vary)


def wants_fragment() -> bool:
    """Whether htmx asks for a region of a page. A history restore wants all of it."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Boosted") != "true"
    )


def send_to(url: str) -> Response:
    """Make the browser leave for ``url``, when a fragment cannot be served."""
    return Response(status=401, headers={"HX-Redirect": url})


def _vary(response: Response) -> Response:
    # The same address answers with a page or with a fragment of it.
    response.vary.add("HX-Request")
    return response
