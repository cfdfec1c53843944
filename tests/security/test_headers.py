"""The headers of every answer, word for word: pages, files, the API, and every kind of error."""

import pytest
from flask import Flask, abort
from werkzeug.test import TestResponse

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from webapp.app import create_app
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.errors import TooSlow

# What an answer says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
EXPECTED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
    "X-Robots-Tag": "noindex, nofollow",
    "Strict-Transport-Security": None,
    "X-Frame-Options": None,
    "Access-Control-Allow-Origin": None,
}
# What may be kept: files for as long as their names hold, the API's description and its rows only
# to be asked about again.
KEPT = {
    "static": "public, max-age=31536000, immutable",
    "docs.document": "no-cache",
    "docs.collection": "no-cache",
    "api": "private, no-cache",
}
BY_HTTPS = "https://localhost"


def check(answer: TestResponse, what: object, *, cache: str = "no-store", **changed: str) -> None:
    expected = EXPECTED | {name.replace("_", "-"): value for name, value in changed.items()}
    found = {name: answer.headers.get(name) for name in expected}
    assert found == expected, what
    assert answer.headers.get("Cache-Control") == cache, what
    assert answer.headers["X-Request-Id"], what
    assert answer.mimetype or answer.status_code in (204, 304), what


def of_route(endpoint: str) -> dict[str, str]:
    if endpoint == "docs.explorer":
        with_pictures = POLICY.replace("img-src 'self'", "img-src 'self' data:")
        return {"Content_Security_Policy": with_pictures}
    return {}


@pytest.fixture
def values(app: Flask) -> dict[str, str]:
    return routes.values()


def test_every_address_answers_a_stranger_with_them(
    app: Flask, client: Client, values: dict[str, str]
) -> None:
    for rule in routes.rules(app, "GET"):
        answer = client.get(routes.address(app, rule, values))
        cache = KEPT.get(rule.endpoint, "no-store")
        check(answer, rule, cache=cache, **of_route(rule.endpoint))


def test_every_address_answers_an_admin_with_them(
    app: Flask, client: Client, values: dict[str, str]
) -> None:
    signed_in(client, factories.operator("admin"))
    for rule in routes.rules(app, "GET"):
        if not routes.takes_tokens(rule):
            answer = client.get(routes.address(app, rule, values))
            cache = KEPT.get(rule.endpoint, "no-store")
            check(answer, rule, cache=cache, **of_route(rule.endpoint))


def test_every_address_answers_a_token_with_them(
    app: Flask, client: Client, values: dict[str, str]
) -> None:
    bearer = {"Authorization": f"Bearer {factories.api_token('read write sync admin')}"}
    for rule in routes.rules(app, "GET"):
        if routes.takes_tokens(rule):
            answer = client.get(routes.address(app, rule, values), headers=bearer)
            is_kept = "ETag" in answer.headers
            check(answer, rule, cache=KEPT["api"] if is_kept else "no-store")


def test_every_refused_write_has_them(app: Flask, client: Client, values: dict[str, str]) -> None:
    signed_in(client, factories.operator("admin"))
    for method, rule in routes.unsafe(app):
        answer = client.open(routes.address(app, rule, values), method=method)
        assert answer.status_code >= 400, rule
        check(answer, (method, rule))


def _broken() -> None:
    raise RuntimeError("anything")


def _too_slow() -> None:
    raise TooSlow


@pytest.mark.parametrize("where", ["/campaigns", "/api/v1/me"])
@pytest.mark.parametrize("kind", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_errors_of_pages_and_of_the_api_have_them(
    app: Flask, client: Client, where: str, kind: int
) -> None:
    endpoint = "campaigns.index" if where == "/campaigns" else "api.get_me"
    view = app.view_functions[endpoint]
    signed_in(client, factories.operator("admin"))
    bearer = {"Authorization": f"Bearer {factories.api_token('read')}"}

    def fails(**_given: object) -> None:
        abort(kind)

    raising = {500: _broken, 503: _too_slow}.get(kind, fails)
    vars(raising).update(vars(view))
    app.view_functions[endpoint] = raising

    answer = client.get(where, headers=bearer)

    assert answer.status_code == kind
    is_api = where.startswith("/api/")
    assert answer.mimetype == ("application/problem+json" if is_api else "text/html")
    check(answer, kind)


def test_a_refused_host_and_an_unknown_file_have_them(client: Client) -> None:
    check(client.get("/campaigns", headers={"Host": "elsewhere.example"}), 400)
    check(client.get("/static/nothing.js"), 404)
    check(client.get("/nowhere"), 404)
    check(client.put("/campaigns"), 405)
    check(client.post("/sign-in", data={"email": "x" * 2_000_000}), 413)


def test_a_file_whose_name_says_its_content_is_kept_for_good(client: Client) -> None:
    with client.application.test_request_context():
        address = client.application.url_for("static", filename="app.css")
    first = client.get(address)
    check(first, address, cache=KEPT["static"])
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    check(again, address, cache=KEPT["static"])
    check(client.get("/static/app.css"), "its plain name", cache="public, max-age=3600")


@pytest.mark.parametrize("address", ["/sign-in", "/health", "/api/v1/me", "/nowhere"])
def test_only_by_https_a_browser_is_told_to_stay_with_it(client: Client, address: str) -> None:
    by_https = client.get(address, base_url=BY_HTTPS)
    check(by_https, address, Strict_Transport_Security="max-age=63072000; includeSubDomains")
    check(client.get(address), address)


@pytest.mark.parametrize(
    "changed", [{"base_url": "https://desk.example"}, {"secure_cookies": True}]
)
def test_where_https_is_set_it_is_told_also_behind_a_proxy_that_is_not_counted(
    app: Flask, changed: dict[str, object]
) -> None:
    settings: Settings = app.config["SETTINGS"]
    other = create_app(settings.model_copy(update={**changed, "allowed_hosts": "localhost"}))
    answer = other.test_client().get("/sign-in")
    check(answer, changed, Strict_Transport_Security="max-age=63072000; includeSubDomains")
    with other.app_context():
        db.engine.dispose()


def test_pages_allow_nothing_unsafe(app: Flask, client: Client) -> None:
    for address in ("/sign-in", "/api/docs", "/api/redoc"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "*" not in policy
        assert "http" not in policy
