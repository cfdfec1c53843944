"""How much may be sent and asked for: what is more is refused in words, and nothing is done."""

import io
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.security.serving import Server, served
from tests.security.test_gets import COUNTED, digests
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.databases import SqliteDatabase, SqliteTemplate
from tests.support.pages import get_page
from tests.support.stack import ROOT
from webapp.api import waiting
from webapp.app import MAX_FORM_PARTS, MAX_REQUEST_BYTES
from webapp.auth import kept, oidc_provider, passwords, sessions, throttle
from webapp.bulk.service import MOST_ITEMS
from webapp.campaigns import validation
from webapp.changes.verb_views import MOST_AT_ONCE
from webapp.core import listing, query
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.exchange import reading
from webapp.exchange.limits import MOST_TAKEN
from webapp.exchange.models import ImportFile
from webapp.people import oidc_views
from webapp.savedviews.service import MOST_OWN
from webapp.web.forms import MAX_TYPED
from webapp.web.requests import READ_SECONDS

MIB = 1024 * 1024
UPLOAD = "exchange.upload"
LISTS = ("/campaigns", "/advertisers", "/changes", "/timeline", "/sync/runs", "/bulk", "/needs-you")
API_LISTS = ("campaigns", "advertisers", "changes", "conflicts", "sync/runs")


@pytest.fixture
def database_url(sqlite_database: SqliteDatabase) -> str:
    """How much may be sent does not depend on the database."""
    return sqlite_database.fresh()


@pytest.fixture
def admin_client(client: Client) -> Client:
    return signed_in(client, factories.operator("admin"))


@pytest.fixture
def token(admin_client: Client) -> str:
    factories.campaign()
    return str(get_page(admin_client, "/campaigns").form("Sign out").values["csrf_token"])


@pytest.fixture
def bearer(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {factories.api_token('read write sync admin')}"}


def changed_since(before: dict[str, str]) -> set[str]:
    after = digests()
    return {name for name in before if before[name] != after[name]} - {COUNTED}


def test_no_page_takes_a_form_beyond_a_mebibyte(
    app: Flask, admin_client: Client, token: str
) -> None:
    values = routes.values()
    db.session.commit()
    before = digests()
    for method, rule in routes.unsafe(app):
        if not routes.takes_tokens(rule) and rule.endpoint != UPLOAD:
            answer = admin_client.open(
                routes.address(app, rule, values),
                method=method,
                data={"csrf_token": token, "title": "x" * MAX_REQUEST_BYTES},
            )
            assert answer.status_code == 413, rule
            assert "This is too large." in answer.text, rule
    assert not changed_since(before)


def test_no_operation_takes_a_body_beyond_a_mebibyte(
    app: Flask, client: Client, bearer: dict[str, str]
) -> None:
    values = routes.values()
    db.session.commit()
    before = digests()
    for method, rule in routes.unsafe(app):
        if routes.takes_tokens(rule):
            answer = client.open(
                routes.address(app, rule, values),
                method=method,
                headers={**bearer, "Idempotency-Key": "a", "If-Match": '"1"'},
                json={"title": "x" * MAX_REQUEST_BYTES},
            )
            assert answer.status_code in (413, 422), rule
            assert answer.json is not None, rule
            assert answer.json["code"] in ("too_large", "invalid"), rule
    assert not changed_since(before)


def test_a_form_below_the_limit_is_read(admin_client: Client, token: str) -> None:
    sent = {"csrf_token": token, "title": "x" * (MAX_REQUEST_BYTES - 10_000)}
    assert admin_client.post("/campaigns/new", data=sent).status_code == 422


def test_a_form_has_few_parts(admin_client: Client, token: str) -> None:
    few = {"csrf_token": token, "file": (io.BytesIO(b"Title\nA\n"), "plan.csv")}
    many = few | {f"part{n}": "x" for n in range(MAX_FORM_PARTS)}
    answer = admin_client.post("/import", data=many, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "This is too large." in answer.text


def test_many_small_fields_cost_little(admin_client: Client, token: str) -> None:
    """A mebibyte of them is read once, and holds nobody up."""
    body = f"csrf_token={token}&" + "a&" * 500_000
    began = time.process_time()
    answer = admin_client.post(
        "/campaigns/new", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 422
    assert time.process_time() - began < 10


def test_a_file_far_beyond_its_limit_is_not_even_read(admin_client: Client, token: str) -> None:
    """``tests/exchange`` has those between what a file may have and what is taken in."""
    answer = admin_client.post(
        "/import",
        input_stream=io.BytesIO(b"--x\r\n"),
        environ_overrides={"CONTENT_LENGTH": str(MOST_TAKEN + 1)},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert "This is too large." in answer.text
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


@pytest.mark.parametrize("size", ["0", "-1", "1000000", "9" * 30, "all"])
def test_no_list_shows_more_rows_than_a_page_has(admin_client: Client, size: str) -> None:
    factories.campaigns(210)
    for address in LISTS:
        answer = admin_client.get(f"{address}?per_page={size}&page=1")
        assert answer.status_code in (200, 422), address
        assert answer.text.count("<tr") <= 202, address
        far = admin_client.get(f"{address}?page={'9' * 30}")
        assert far.status_code in (200, 302, 404, 422), address


@pytest.mark.parametrize("size", ["0", "-1", "1000000", "9" * 30, "all"])
def test_no_operation_lists_more_than_a_page_has(
    client: Client, bearer: dict[str, str], size: str
) -> None:
    for name in API_LISTS:
        answer = client.get(f"/api/v1/{name}?per_page={size}", headers=bearer)
        assert answer.status_code == 422, name
        assert answer.json is not None
        assert answer.json["errors"][0]["pointer"] == "?per_page", name


def test_a_search_beyond_its_length_is_refused_in_words(
    admin_client: Client, bearer: dict[str, str]
) -> None:
    long = "x" * 501
    assert "500" in admin_client.get(f"/campaigns?q={long}").text
    answer = admin_client.get(f"/api/v1/campaigns?q={long}", headers=bearer)
    assert answer.status_code == 422
    assert answer.json is not None
    assert "500" in answer.json["errors"][0]["message"]


@pytest.fixture(scope="module")
def server(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One for all: of what is sent here nothing is taken."""
    folder = tmp_path_factory.mktemp("served")
    url = sqlite_template.fresh(folder)
    with served(Settings(database_url=url, instance_dir=folder / "instance"), folder) as server:
        yield server


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/campaigns", "/import", "/nowhere"])
def test_a_body_that_does_not_say_its_length_is_refused(server: Server, path: str) -> None:
    """It would be cut at the limit, and what is left taken for all of it."""
    head = "\r\n".join(
        [
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Transfer-Encoding: chunked",
            "Content-Type: application/x-www-form-urlencoded",
            "Connection: close",
        ]
    )
    answer = server.send(head, b"3\r\na=b\r\n0\r\n\r\n")
    assert answer.status == 400
    assert "Content-Length" in answer.text


def test_a_length_that_is_a_lie_is_not_waited_for_without_end(server: Server) -> None:
    """Two lengths, or one that is no number, is how one request is hidden in another."""
    for lines in (
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: -1"],
        ["Content-Length: 1e3"],
        ["Transfer-Encoding: chunked, identity"],
    ):
        host = f"Host: 127.0.0.1:{server.port}"
        head = "\r\n".join(["POST /sign-in HTTP/1.1", host, *lines, "Connection: close"])
        answer = server.send(head, b"hello")
        assert answer.status in (400, 501), lines
        assert server.answers()


def test_headers_have_limits_too_and_the_process_lives_on(server: Server) -> None:
    assert server.get("/sign-in", f"Cookie: a={'x' * 8_000}").status == 200
    for lines in (
        [f"Cookie: a={'x' * 8_200}"],
        [f"X-Nothing-{n}: x" for n in range(101)],
    ):
        assert server.get("/sign-in", *lines).status in (400, 431), lines[0][:30]
    assert server.get(f"/sign-in?next=/{'x' * 60_000}").status == 200
    assert server.get(f"/sign-in?next=/{'x' * 70_000}").status in (400, 414)
    assert server.answers()


def test_the_documented_figures_are_those_of_the_code(app: Flask) -> None:
    rows = [line.split(" | ") for line in (ROOT / "docs" / "limits.md").read_text().splitlines()]
    told = {row[0].removeprefix("| "): row[1] for row in rows if len(row) == 3}
    figures = {
        "a request's body: a form, JSON": [f"{MAX_REQUEST_BYTES // MIB} MiB"],
        "the request of an import": [f"{MOST_TAKEN // MIB} MiB"],
        "an imported file": [f"{reading.MOST_BYTES // MIB} MiB", f"{reading.MOST_ROWS:,} rows"],
        "parts of a form with a file": [str(MAX_FORM_PARTS)],
        "the time that a page or a read of the API takes": [f"{READ_SECONDS:.0f} seconds"],
        "rows of a page": [str(listing.PER_PAGE_CHOICES[-1])],
        "page number of a list": [f"{listing.MAX_PAGE:,}"],
        "a query": [f"{query.MAX_LENGTH} characters", f"{query.MAX_TERMS} terms"],
        "campaigns of one bulk change": [f"{MOST_ITEMS:,}"],
        "rows of the changes page acted on at once": [str(MOST_AT_ONCE)],
        "title, external id, notes of a campaign": [
            f"{validation.MAX_TITLE}, {validation.MAX_EXTERNAL_ID}, {validation.MAX_NOTES:,}"
        ],
        "a text in any field": [f"{MAX_TYPED:,}"],
        "saved views": [str(MOST_OWN)],
        "requests that wait for the ad server's answer": [
            f"one in {waiting.SHARE} threads",
            f"{waiting.MOST_SECONDS} seconds",
        ],
        "requests that wait for the sign-in service": [
            f"one in {oidc_views.SHARE} threads",
            f"{oidc_provider.LIMITS.total:.0f} seconds a call",
        ],
        "failed sign-ins, in 15 minutes": [
            f"{throttle.MOST_PER_EMAIL} for an e-mail",
            f"{throttle.MOST_PER_ADDRESS} from one",
        ],
        "a password": [f"to {passwords.MAX_LENGTH} characters"],
        "a session": [
            f"{sessions.IDLE.seconds // 60} minutes",
            f"{sessions.ABSOLUTE.seconds // 3600} hours",
        ],
        "what is kept of a form typed after its session ended": [f"{kept.MAX_CHARACTERS:,}"],
    }
    for name, words in figures.items():
        assert [word for word in words if word not in told[name]] == [], name
