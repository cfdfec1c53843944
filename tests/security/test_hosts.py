"""By which names the pages are reached, and who is believed about whose request it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from tests import factories
from tests.security.serving import Server, served, within_one_window
from tests.support import routes
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.app import create_app
from webapp.auth.models import OperatorSession
from webapp.core.config import Settings
from webapp.core.db import db

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FOREIGN = [
    "elsewhere.example",
    "elsewhere.example:8000",
    "localhost.elsewhere.example",
    "127.0.0.1.elsewhere.example",
    "elsewhere.example#localhost",
    "localhost@elsewhere.example",
    "localhost, elsewhere.example",
    "localhost/elsewhere",
    "192.0.2.7",
    "[2001:db8::1]",
    "",
]
OURS = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:5000", "[::1]", "[::1]:8000"]
LIMIT = 3


@pytest.mark.parametrize("host", FOREIGN)
def test_by_another_name_nothing_is_answered(client: Client, host: str) -> None:
    for path in ("/sign-in", "/api/v1/me", "/static/app.css", "/nowhere", "//sign-in"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "Location" not in answer.headers, path
        assert "elsewhere" not in answer.text, path


@pytest.mark.parametrize("host", OURS)
def test_by_its_own_names_it_is_reached(client: Client, host: str) -> None:
    assert client.get("/sign-in", headers={"Host": host}).status_code == 200


def test_every_address_but_the_probes_is_for_known_names(app: Flask, client: Client) -> None:
    values = routes.values()
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            address = routes.address(app, rule, values)
            answer = client.open(address, method=method, headers={"Host": "elsewhere.example"})
            is_probe = rule.endpoint in ("ops.live", "ops.ready")
            assert (answer.status_code == 400) is not is_probe, (method, rule)


def test_figures_are_had_by_any_name_with_their_token_and_else_by_known_names(
    app: Flask, client: Client, settings: Settings
) -> None:
    """A page elsewhere could have a browser on this machine read them."""
    by_address = {"Host": "10.1.2.3:8000"}
    assert client.get("/metrics", headers=by_address).status_code == 400
    token = "a token of sixteen or more".replace(" ", "-")
    app.config["SETTINGS"] = settings.model_copy(update={"metrics_token": SecretStr(token)})
    assert client.get("/metrics", headers=by_address).status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/metrics", headers=by_address | bearer).status_code == 200


def test_only_the_names_that_are_set_are_answered(
    app: Flask, client: Client, settings: Settings
) -> None:
    app.config["SETTINGS"] = settings.model_copy(update={"allowed_hosts": "desk.example,other"})
    for host, status in (("desk.example:8443", 200), ("other", 200), ("localhost", 400)):
        assert client.get("/sign-in", headers={"Host": host}).status_code == status, host


def test_a_refused_name_is_told_of_and_the_page_says_what_to_set(client: Client) -> None:
    page = get_page_by("elsewhere.example", client)
    assert "ALLOWED_HOSTS" in page


def get_page_by(host: str, client: Client) -> str:
    answer = client.get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    return answer.text


@pytest.fixture
def direct(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """Nothing stands in front."""
    with served(settings, tmp_path, API_REQUESTS_WITHOUT_TOKEN=str(LIMIT)) as server:
        yield server


def told(server: Server, *lines: str) -> int:
    return server.get("/api/v1/me", *lines).status


def test_without_a_proxy_nobody_says_whose_request_it_is(direct: Server) -> None:
    """Not even this machine, which gunicorn would believe by itself."""
    lies = [
        ("X-Forwarded-For: 203.0.113.1", "X-Real-IP: 203.0.113.1"),
        ("Forwarded: for=203.0.113.2;proto=https", "X-Forwarded-For: 203.0.113.2, 127.0.0.1"),
        ("X-Forwarded-For: ", "X-Client-IP: 203.0.113.3", "True-Client-IP: 203.0.113.3"),
        ("X-Forwarded-For: 203.0.113.4", "X-Forwarded-For: 203.0.113.5"),
    ]
    within_one_window()
    assert [told(direct, *lie) for lie in lies] == [401] * LIMIT + [429]

    # Nor that it came by https, or by another name or path.
    lie = ("X-Forwarded-Proto: https", "X-Forwarded-Host: elsewhere.example", "X-Forwarded-Ssl: on")
    answer = direct.get("/sign-in", *lie, "X-Forwarded-Prefix: /at", "Script-Name: /at")
    assert answer.status == 200
    assert "Strict-Transport-Security" not in answer.headers
    assert "elsewhere.example" not in answer.text
    assert "/at/" not in answer.text


def test_a_wrong_name_is_refused_on_the_wire(direct: Server) -> None:
    assert direct.get("/sign-in", "Host: elsewhere.example").status == 400
    two = direct.get("/sign-in", "Host: localhost", "Host: elsewhere.example")
    assert two.status == 400
    whole = direct.get("http://elsewhere.example/sign-in", "Host: elsewhere.example")
    assert whole.status == 400
    assert direct.get("/health", "Host: 10.1.2.3:8000").status == 200
    assert direct.get("/health/ready?parts=database", "Host: 10.1.2.3:8000").status == 200


def test_one_proxy_is_believed_about_the_last_address_only(
    settings: Settings, tmp_path: Path
) -> None:
    changed = {"TRUSTED_PROXIES": "1", "API_REQUESTS_WITHOUT_TOKEN": str(LIMIT)}
    with served(settings, tmp_path, **changed) as server:
        # What stands before the last was sent by whoever wanted to seem another each time.
        lies = [f"X-Forwarded-For: 203.0.113.{n}, 198.51.100.7" for n in range(LIMIT + 1)]
        within_one_window()
        assert [told(server, lie) for lie in lies] == [401] * LIMIT + [429]
        assert told(server, "X-Forwarded-For: 198.51.100.8") == 401
        secure = server.get("/sign-in", "X-Forwarded-For: 198.51.100.8", "X-Forwarded-Proto: https")
        assert secure.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
        other = server.get("/sign-in", "X-Forwarded-Host: elsewhere.example")
        assert other.status == 200
        assert "elsewhere.example" not in other.text


def test_two_proxies_are_believed_about_the_last_two(settings: Settings, tmp_path: Path) -> None:
    changed = {"TRUSTED_PROXIES": "2", "API_REQUESTS_WITHOUT_TOKEN": str(LIMIT)}
    with served(settings, tmp_path, **changed) as server:
        lies = [f"X-Forwarded-For: 203.0.113.{n}, 198.51.100.7, 10.0.0.2" for n in range(LIMIT + 1)]
        within_one_window()
        assert [told(server, lie) for lie in lies] == [401] * LIMIT + [429]
        assert told(server, "X-Forwarded-For: 198.51.100.8, 10.0.0.2") == 401


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7")])
def test_a_session_is_listed_with_the_address_that_is_believed(
    settings: Settings, app: Flask, proxies: int, seen: str
) -> None:
    operator = factories.operator()
    db.session.commit()
    behind = create_app(settings.model_copy(update={"trusted_proxies": proxies}))
    behind.test_client_class = Client
    client = behind.test_client()
    assert isinstance(client, Client)
    form = get_page(client, "/sign-in").form("Sign in")
    typed = {"email": operator.email, "password": factories.PASSWORD}
    forwarded = {"X-Forwarded-For": "203.0.113.1, 198.51.100.7"}
    answer = client.post(form.action, data=form.values | typed, headers=forwarded)
    assert answer.status_code == 302
    with behind.app_context():
        assert db.session.scalars(select(OperatorSession.address)).all() == [seen]
        db.engine.dispose()
