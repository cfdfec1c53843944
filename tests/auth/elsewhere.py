"""A sign-in service that is set, the way to it, and the way back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.support.client import Client
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.support.pages import Page, get_page
from webapp.auth import oidc_provider
from webapp.core.config import Settings

PATIENCE = 90.0
NOT_CHECKED = "could not be checked"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """It is waited for as long as a machine that stalls may take."""
    patient = replace(oidc_provider.LIMITS, connect=PATIENCE, read=PATIENCE, total=PATIENCE)
    monkeypatch.setattr(oidc_provider, "LIMITS", patient)
    with running_provider() as provider:
        yield provider


@pytest.fixture
def settings(settings: Settings, provider: Provider) -> Settings:
    return settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": SecretStr(CLIENT_SECRET),
            "oidc_label": "Example accounts",
            "log_level": "DEBUG",
        }
    )


def press(client: Client, query: str = "") -> Page:
    """Press the button on the page for signing in."""
    return get_page(client, f"/sign-in{query}").submit("Sign in with Example accounts")


def set_out(client: Client, query: str = "") -> str:
    """Press it; gives the address that the browser is sent to."""
    page = press(client, query)
    refresh = page.root.one("meta", **{"http-equiv": "refresh"})
    assert refresh["content"] == f"0; url={page.links['Go on']}"
    return page.links["Go on"]


def come_back(client: Client, provider: Provider, query: str = "", **changed: str) -> Page:
    """Sign in over there, and follow all redirects back."""
    return get_page(client, provider.back(set_out(client, query), **changed))
