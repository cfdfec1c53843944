"""A sign-in service that is down, slow, set up wrongly or not what it says."""

from dataclasses import replace

import pytest

from tests.auth.elsewhere import NOT_CHECKED, PATIENCE, come_back, press, provider, settings
from tests.auth.factors import is_signed_in
from tests.support.client import Client
from tests.support.oidc import CLIENT_ID, Provider, running_provider
from webapp.auth import oidc_provider
from webapp.auth.models import Operator

__all__ = ["provider", "settings"]

AS_SET = oidc_provider.LIMITS


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/keys", (500, b"{}"), "answered 500"),
        ("/token", (400, b"{}"), "answered 400"),
        ("/token", (302, b""), "answered 302"),
        ("/token", (200, b"[]"), "cannot be read"),
        ("/token", (200, b"\xff"), "cannot be read"),
        ("/token", (200, b"{}" + b" " * 300_000), "sent more than"),
        ("/token", (200, b"{}"), NOT_CHECKED),
        ("/token", (200, b'{"id_token": 7}'), NOT_CHECKED),
        ("/keys", (200, b"{}"), "gave no key that can be read"),
        ("/keys", (200, b'{"keys": 7}'), "gave no key that can be read"),
        ("/keys", (200, b'{"keys": [{"kty": "RSA"}]}'), "gave no key that can be read"),
        ("/keys", (200, b'{"keys": []}'), "gave no key that can be read"),
    ],
    ids=str,
)
def test_a_service_that_answers_nonsense_is_named_as_what_failed(
    client: Client,
    provider: Provider,
    manager: Operator,
    path: str,
    answer: tuple[int, bytes],
    words: str,
) -> None:
    provider.answers[path] = lambda: answer
    page = come_back(client, provider)

    assert words in page.text
    assert page.h1 == "Sign in"
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "found",
    [
        {"issuer": "https://accounts.example"},
        {"issuer": None},
        {"authorization_endpoint": "https://accounts.example/authorize"},
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"token_endpoint": "http://127.0.0.1@accounts.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://[::1"},
        {"jwks_uri": None},
        {"jwks_uri": 7},
    ],
    ids=str,
)
def test_only_the_issuers_own_addresses_are_used(
    client: Client, provider: Provider, found: dict[str, object]
) -> None:
    provider.found = found
    page = press(client)

    assert page.h1 == "Sign in"
    assert "The sign-in service" in page.text
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_a_service_that_is_down_is_said_so(client: Client, provider: Provider) -> None:
    with running_provider() as gone:
        client.application.config["SETTINGS"].oidc_issuer = gone.issuer
    page = press(client, "?next=/advertisers")

    assert "connection was refused" in page.text
    assert page.url == "/sign-in?next=/advertisers"


def test_a_service_that_does_not_answer_is_not_waited_for(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AS_SET.total <= 5
    monkeypatch.setattr(oidc_provider, "LIMITS", replace(oidc_provider.LIMITS, read=0.2))

    def wait() -> tuple[int, bytes]:
        provider.released.wait(PATIENCE)
        return 200, b"{}"

    provider.answers["/.well-known/openid-configuration"] = wait
    page = press(client)
    assert "sent nothing for 0.2 seconds" in page.text


def test_a_client_may_prove_itself_in_the_body_or_not_at_all(provider: Provider) -> None:
    def sent(secret: str | None, *methods: str) -> str:
        client = oidc_provider.Client(provider.issuer, CLIENT_ID, secret)
        return oidc_provider._method(
            client, oidc_provider.Provider("authorize", "token", "keys", methods)
        )

    assert sent("x", "client_secret_basic", "client_secret_post") == "client_secret_basic"
    assert sent("x", "client_secret_post") == "client_secret_post"
    assert sent("x", "private_key_jwt") == "client_secret_basic"
    assert sent(None, "client_secret_basic") == "none"
