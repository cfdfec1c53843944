"""What the sign-in service is not asked again, and how many may wait for it."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import time_machine
from flask import Flask

from tests.auth.elsewhere import (
    NOT_CHECKED,
    PATIENCE,
    come_back,
    press,
    provider,
    set_out,
    settings,
)
from tests.auth.factors import is_signed_in
from tests.support.client import Client
from tests.support.oidc import Provider, signing_key
from tests.support.pages import get_page
from webapp.auth import oidc_kept
from webapp.auth.models import Operator

__all__ = ["provider", "settings"]

DISCOVERY = "/.well-known/openid-configuration"


def later(by: float) -> time_machine.travel:
    return time_machine.travel(time.time() + by)


def has_new_keys(provider: Provider) -> None:
    """The service signs with another key from now on, of another name."""
    new = signing_key("new")
    body = json.dumps({"keys": [new.as_dict(private=False)]}).encode()
    provider.key, provider.key_name = lambda: new, "new"
    provider.answers["/keys"] = lambda: (200, body)


def test_however_many_set_out_the_service_is_asked_once_in_five_minutes(
    client: Client, provider: Provider
) -> None:
    for _ in range(3):
        set_out(client)
    assert provider.asked == [DISCOVERY]
    with later(oidc_kept.KEPT_FOR.total_seconds() + 1):
        set_out(client)
    assert provider.asked == [DISCOVERY] * 2


def test_its_keys_are_kept_and_a_token_is_asked_for_each_time(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    come_back(client, provider)
    come_back(app.test_client(), provider)
    assert provider.asked == [DISCOVERY, "/token", "/keys", "/token"]


def test_a_new_key_is_found_a_minute_later_without_waiting_for_five(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    come_back(client, provider)
    has_new_keys(provider)
    again = app.test_client()
    with later(oidc_kept.NEW_KEYS_AFTER.total_seconds() + 1):
        come_back(again, provider)
        assert is_signed_in(again)
    assert provider.asked.count("/keys") == 2


def test_names_of_keys_that_nobody_has_are_asked_about_once_a_minute(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    provider.key_name = "unknown"
    for _ in range(3):
        assert NOT_CHECKED in come_back(app.test_client(), provider).text
    assert provider.asked.count("/keys") == 1
    with later(oidc_kept.NEW_KEYS_AFTER.total_seconds() + 1):
        assert NOT_CHECKED in come_back(client, provider).text
    assert provider.asked.count("/keys") == 2


def test_what_failed_is_asked_again(client: Client, provider: Provider) -> None:
    provider.answers[DISCOVERY] = lambda: (500, b"{}")
    press(client)
    del provider.answers[DISCOVERY]
    set_out(client)
    assert provider.asked == [DISCOVERY] * 2


def waits(provider: Provider, path: str) -> threading.Event:
    """Have the service wait with an answer; what this gives is set when it was asked for it."""
    asked = threading.Event()

    def wait() -> tuple[int, bytes]:
        asked.set()
        provider.released.wait(PATIENCE)
        return 500, b"{}"

    provider.answers[path] = wait
    return asked


def test_while_half_of_the_threads_wait_for_the_service_nobody_else_does(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    app.config["SETTINGS"].web_threads = 2
    other = app.test_client()
    ways_back = [provider.back(set_out(each)) for each in (client, other)]
    asked = waits(provider, "/token")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.get, ways_back[0])
        assert asked.wait(PATIENCE)
        page = get_page(other, ways_back[1], status=503)
        assert "Try again in a minute" in page.text
        assert get_page(other, "/sign-in").h1 == "Sign in"
        provider.released.set()
        assert first.result(PATIENCE).status_code == 302
    # Nothing of that attempt was used up: the same address is good a minute later.
    del provider.answers["/token"]
    get_page(other, ways_back[1])
    assert is_signed_in(other)
