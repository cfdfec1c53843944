"""What is said when something broke: enough to find it in the log, and nothing of what it was."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from sqlalchemy import table, text
from werkzeug.exceptions import BadRequest
from werkzeug.test import TestResponse

from tests import factories
from tests.security.serving import served
from tests.support.client import Client, signed_in
from tests.support.stack import ROOT
from webapp.core.config import Settings
from webapp.core.db import db

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET = "canary-of-an-exception-4711"
# What frameworks, drivers and interpreters say of themselves.
INNARDS = ("Traceback", 'File "', "sqlite3", "sqlalchemy", "werkzeug", "jinja2", "Error(")


def _plainly() -> None:
    raise RuntimeError(SECRET)


def _by_another() -> None:
    try:
        _plainly()
    except RuntimeError as error:
        raise KeyError(SECRET) from error


def _in_the_database() -> None:
    db.session.execute(table(SECRET).select())


def _in_a_template() -> str:
    return render_template_string("{{ request.nothing['" + SECRET + "'].there }}")


def _in_what_was_sent() -> str:
    return request.form[SECRET]


def _with_words_of_its_own() -> None:
    raise BadRequest(SECRET)


BROKEN: list[Callable[[], Any]] = [_plainly, _by_another, _in_the_database, _in_a_template]
REFUSED: list[Callable[[], Any]] = [_in_what_was_sent, _with_words_of_its_own]
PLACES = {
    "page": ("campaigns.index", "/campaigns", {}),
    "fragment": ("campaigns.index", "/campaigns", {"HX-Request": "true"}),
    "api": ("api.get_me", "/api/v1/me", {}),
    "health": ("ops.ready", "/health/ready", {}),
}


@pytest.fixture
def admin_client(client: Client) -> Client:
    return signed_in(client, factories.operator("admin"))


def breaking(app: Flask, endpoint: str, how: Callable[[], Any]) -> None:
    def view(**_given: object) -> Any:
        return how()

    vars(view).update(vars(app.view_functions[endpoint]))
    app.view_functions[endpoint] = view


def ask(app: Flask, client: Client, place: str, how: Callable[[], Any]) -> TestResponse:
    endpoint, address, headers = PLACES[place]
    breaking(app, endpoint, how)
    bearer = {"Authorization": f"Bearer {factories.api_token('read')}"}
    return client.get(address, headers={**bearer, **headers})


def says_nothing(answer: TestResponse) -> None:
    said = answer.text + str(answer.headers)
    for word in (SECRET, SECRET.replace("-", "_"), *INNARDS):
        assert word not in said, word
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", BROKEN)
def test_an_error_of_ours_says_nothing_of_itself(
    app: Flask, admin_client: Client, place: str, how: Callable[[], Any]
) -> None:
    answer = ask(app, admin_client, place, how)
    assert answer.status_code == 500
    says_nothing(answer)
    if place == "api":
        assert answer.mimetype == "application/problem+json"
        assert json.loads(answer.text)["code"] == "server_error"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", REFUSED)
def test_a_refusal_says_nothing_of_how_it_was_found(
    app: Flask, admin_client: Client, place: str, how: Callable[[], Any]
) -> None:
    answer = ask(app, admin_client, place, how)
    assert answer.status_code == 400
    says_nothing(answer)


def test_what_broke_is_in_the_log_under_the_same_id(
    app: Flask, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        ask(app, admin_client, "page", _plainly)
    assert "request_failed" in caplog.text
    assert SECRET in caplog.text


@pytest.mark.parametrize("place", ["page", "fragment", "api"])
def test_an_error_while_a_page_of_an_error_is_made_says_nothing_either(
    app: Flask, admin_client: Client, place: str
) -> None:
    """The frame of a page asks the database who is signed in, and what waits for them."""
    app.config["ZONE"] = app.config["SETTINGS"] = SECRET
    answer = ask(app, admin_client, place, _plainly)
    assert answer.status_code == 500
    for word in (SECRET, *INNARDS):
        assert word not in answer.text, word


@pytest.mark.parametrize(("address", "status"), [("/nowhere", 404), ("/people", 403)])
def test_every_refusal_has_its_id(client: Client, address: str, status: int) -> None:
    signed_in(client, factories.operator("viewer"))
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["X-Request-Id"] in answer.text


def test_an_address_is_not_repeated_unescaped(admin_client: Client) -> None:
    for address in ("/<script>alert(1)</script>", "/static/<script>", "/campaigns/<script>"):
        answer = admin_client.get(address)
        assert answer.status_code == 404
        assert "<script>" not in answer.text


def test_an_id_of_a_request_is_ours_when_theirs_could_not_be_one(
    app: Flask, client: Client
) -> None:
    app.config["PROXY_GIVES_IDS"] = True
    for given in ("x", "a b c d e f g h", "<script>alert</script>", "x" * 65, "ä" * 10):
        sent = {"X-Request-Id": given.encode().decode("latin-1")}
        found = client.get("/nowhere", headers=sent).headers["X-Request-Id"]
        assert len(found) == 32
        assert found.isalnum()


def test_debugging_is_off_whatever_the_environment_says(settings: Settings, tmp_path: Path) -> None:
    asked = "from wsgi import app; print(app.debug, app.testing, app.config['DEBUG'])"
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.sqlalchemy_url,
        "INSTANCE_DIR": str(tmp_path / "instance"),
        "FLASK_DEBUG": "1",
        "FLASK_ENV": "development",
    }
    said = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["False", "False", "False"]


def test_the_deployed_process_says_nothing_of_a_broken_database(
    settings: Settings, app: Flask, tmp_path: Path
) -> None:
    with served(settings, tmp_path, FLASK_DEBUG="1") as server:
        db.session.execute(text("ALTER TABLE api_window RENAME TO elsewhere"))
        db.session.commit()
        answer = server.get("/api/v1/me")
    assert answer.status == 500
    assert answer.headers["X-Request-Id"] in answer.text
    for word in (*INNARDS, "api_window"):
        assert word not in answer.text, word
