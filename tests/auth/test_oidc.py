"""Signing in with an account that another service keeps, such as one on a real socket here."""

import json
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from flask import Flask
from joserfc.jwk import OctKey

from tests import factories
from tests.auth.elsewhere import NOT_CHECKED, come_back, provider, set_out, settings
from tests.auth.factors import has_factor, is_signed_in
from tests.support.client import Client, signed_in
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, Provider, signing_key
from tests.support.pages import get_page
from webapp.audit.models import AuditEvent
from webapp.auth import oidc
from webapp.auth.models import Operator
from webapp.core.db import db

__all__ = ["provider", "settings"]

NOBODY = "No active account here"


def actions() -> list[str]:
    db.session.rollback()
    return [event.action for event in db.session.query(AuditEvent).order_by(AuditEvent.id)]


def test_an_account_there_signs_in_here(
    client: Client, provider: Provider, manager: Operator
) -> None:
    page = come_back(client, provider, "?next=/advertisers")

    assert page.url == "/advertisers"
    assert is_signed_in(client)
    assert manager.last_sign_in_at is not None
    assert actions() == ["sign-in linked"]


def test_once_linked_an_account_is_known_by_its_subject_alone(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    come_back(client, provider)
    provider.email, provider.verified = "renamed@example.com", False
    again = app.test_client()
    come_back(again, provider)

    assert is_signed_in(again)
    assert actions() == ["sign-in linked"]
    assert manager.oidc_subject
    assert provider.subject not in manager.oidc_subject


def test_what_is_asked_for_is_new_each_time_and_proven(
    client: Client, provider: Provider, manager: Operator
) -> None:
    first, second = (dict(parse_qsl(urlsplit(set_out(client)).query)) for _ in range(2))

    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    assert first["redirect_uri"] == "http://localhost/sign-in/with/back"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": "another client", "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"aud": None},
        {"iss": "https://accounts.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"at_hash": "of another token"},
    ],
    ids=str,
)
def test_a_token_that_is_not_the_answer_to_what_was_asked_opens_nothing(
    client: Client, provider: Provider, manager: Operator, claims: dict[str, object]
) -> None:
    provider.claims = claims
    page = come_back(client, provider)

    assert NOT_CHECKED in page.text
    assert not is_signed_in(client)
    assert actions() == []


@pytest.mark.parametrize(
    "claims",
    [{"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}],
    ids=["one of one", "for us and another"],
)
def test_a_token_may_be_for_others_too(
    client: Client, provider: Provider, manager: Operator, claims: dict[str, object]
) -> None:
    provider.claims = claims
    come_back(client, provider)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("claim", "seconds", "fits"),
    [("exp", -20, True), ("exp", -120, False), ("iat", 20, True), ("iat", 120, False)],
)
def test_clocks_may_differ_a_little(
    client: Client, provider: Provider, manager: Operator, claim: str, seconds: int, fits: bool
) -> None:
    provider.claims = {claim: int(time.time()) + seconds}
    come_back(client, provider)
    assert is_signed_in(client) == fits


def test_keys_of_kinds_that_nobody_knows_do_no_harm(
    client: Client, provider: Provider, manager: Operator
) -> None:
    keys = [{"kty": "new"}, 7, signing_key().as_dict(private=False)]
    provider.answers["/keys"] = lambda: (200, json.dumps({"keys": keys}).encode())
    come_back(client, provider)
    assert is_signed_in(client)


def test_a_token_signed_with_another_key_opens_nothing(
    client: Client, provider: Provider, manager: Operator
) -> None:
    provider.key = lambda: signing_key("stranger")
    assert NOT_CHECKED in come_back(client, provider).text
    assert not is_signed_in(client)


def test_a_token_signed_with_what_everybody_may_read_opens_nothing(
    client: Client, provider: Provider, manager: Operator
) -> None:
    public = signing_key().as_pem(private=False)
    provider.algorithm, provider.key = "HS256", lambda: OctKey.import_key(public[5:])
    assert NOT_CHECKED in come_back(client, provider).text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "changed",
    [{"state": "another"}, {"state": ""}, {"iss": "https://accounts.example"}, {"code": ""}],
    ids=str,
)
def test_an_answer_to_another_attempt_is_not_even_asked_about(
    client: Client, provider: Provider, manager: Operator, changed: dict[str, str]
) -> None:
    address = set_out(client)
    provider.asked.clear()
    page = get_page(client, provider.back(address, **changed))

    assert NOT_CHECKED in page.text
    assert provider.asked == []
    assert not is_signed_in(client)


def test_the_way_back_opens_only_in_the_browser_that_set_out(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    way_back = provider.back(set_out(client))
    other = app.test_client()

    assert NOT_CHECKED in get_page(other, way_back).text
    assert not is_signed_in(other)
    get_page(client, way_back)
    assert is_signed_in(client)


def test_the_way_back_opens_once(client: Client, provider: Provider, manager: Operator) -> None:
    way_back = provider.back(set_out(client))
    get_page(client, way_back)
    client.post("/sign-out", data={"csrf_token": token_of(client)})
    assert NOT_CHECKED in get_page(client, way_back).text
    assert not is_signed_in(client)


def test_an_attempt_is_over_when_something_wrong_came_back(
    client: Client, provider: Provider, manager: Operator
) -> None:
    address = set_out(client)
    get_page(client, provider.back(address, state="another"))
    assert NOT_CHECKED in get_page(client, provider.back(address)).text
    assert not is_signed_in(client)


def token_of(client: Client) -> str:
    return get_page(client, "/tokens").root.all("input", name="csrf_token")[0]["value"]


def test_an_attempt_left_alone_is_over(
    client: Client, provider: Provider, manager: Operator
) -> None:
    way_back = provider.back(set_out(client))
    with time_machine.travel(time.time() + oidc.ATTEMPT_FOR.total_seconds() + 1):
        assert NOT_CHECKED in get_page(client, way_back).text
        assert not is_signed_in(client)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_links_nobody(
    client: Client, provider: Provider, manager: Operator, verified: object
) -> None:
    provider.verified = verified
    assert NOBODY in come_back(client, provider).text
    assert not is_signed_in(client)
    assert manager.oidc_subject is None


def test_somebody_unknown_is_not_made_a_person(
    client: Client, provider: Provider, manager: Operator
) -> None:
    provider.email = "stranger@example.com"
    assert NOBODY in come_back(client, provider).text
    assert not is_signed_in(client)
    assert db.session.query(Operator).count() == 1


def test_an_address_that_only_looks_like_somebodys_links_nobody(
    client: Client, provider: Provider
) -> None:
    kim = factories.operator(email="kim@example.com")
    provider.email = "\N{KELVIN SIGN}im@example.com"
    assert NOBODY in come_back(client, provider).text
    assert not is_signed_in(client)
    assert kim.oidc_subject is None


@pytest.mark.parametrize("linked", [False, True])
def test_a_person_switched_off_stays_out(
    app: Flask, client: Client, provider: Provider, manager: Operator, linked: bool
) -> None:
    if linked:
        come_back(app.test_client(), provider)
    manager.active = False
    db.session.commit()

    assert NOBODY in come_back(client, provider).text
    assert not is_signed_in(client)


def test_another_account_with_the_same_email_does_not_take_over(
    app: Flask, client: Client, provider: Provider, manager: Operator
) -> None:
    come_back(app.test_client(), provider)
    provider.subject = "somebody else"
    assert NOBODY in come_back(client, provider).text
    assert not is_signed_in(client)


def test_the_second_factor_is_asked_for_here_as_well(
    client: Client, provider: Provider, manager: Operator
) -> None:
    phone, _ = has_factor(manager)
    page = come_back(client, provider, "?next=/advertisers")
    assert page.h1 == "Code of your app"
    assert not is_signed_in(client)
    assert actions() == ["sign-in linked"]

    assert page.submit("Go on", {"code": phone.code()}).url == "/advertisers"


def test_an_admin_sets_a_second_factor_up_here(client: Client, provider: Provider) -> None:
    factories.operator("admin", email=provider.email)
    assert come_back(client, provider).h1 == "Set up a second factor"


def test_nothing_of_the_token_is_logged(
    client: Client,
    provider: Provider,
    manager: Operator,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    way_back = provider.back(set_out(client))
    get_page(client, way_back)
    provider.claims = {"nonce": "another"}
    come_back(client.application.test_client(), provider)

    logged = "".join(capsys.readouterr()) + caplog.text
    assert "oidc_refused" in logged
    codes = [parse_qsl(urlsplit(way_back).query)[0][1]]
    for secret in (*provider.tokens, *codes, CLIENT_SECRET, provider.subject, "opaque"):
        assert secret not in logged


def test_whoever_is_signed_in_is_not_sent_away(
    client: Client, provider: Provider, manager: Operator
) -> None:
    signed_in(client, manager)
    data = {"csrf_token": token_of(client), "next": "/advertisers"}
    answer = client.post("/sign-in/with", data=data)
    assert answer.headers["Location"] == "/advertisers"
    assert provider.asked == []


def test_setting_out_takes_a_press_here(client: Client, provider: Provider) -> None:
    """Else a foreign page could have a browser sign in, as whoever is known at the service."""
    assert client.get("/sign-in/with").status_code == 405
    assert client.post("/sign-in/with").status_code == 400
    assert provider.asked == []


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "/\\example.com"])
def test_no_target_leads_elsewhere(
    client: Client, provider: Provider, manager: Operator, target: str
) -> None:
    address = set_out(client, f"?{urlencode({'next': target})}")
    answer = client.get(provider.back(address))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_the_address_to_come_back_to_is_the_one_that_is_set(
    client: Client, provider: Provider
) -> None:
    client.application.config["SETTINGS"].base_url = "https://flightdeck.example"
    asked = dict(parse_qsl(urlsplit(set_out(client)).query))
    assert asked["redirect_uri"] == "https://flightdeck.example/sign-in/with/back"


def test_a_refusal_over_there_is_said_in_our_words(client: Client, provider: Provider) -> None:
    state = dict(parse_qsl(urlsplit(set_out(client)).query))["state"]
    page = get_page(client, f"/sign-in/with/back?error=access_denied&state={state}")
    assert NOT_CHECKED in page.text
