"""Whoever is sent on stays here, whatever an address says about where they wanted to go."""

import re
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.auth.access import is_safe_target
from webapp.campaigns.edit_views import back
from webapp.core.db import db

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVIL = "evil.example"
HOSTILE = [
    f"https://{EVIL}",
    f"http://{EVIL}/campaigns",
    f"HTTPS://{EVIL}",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"https:///{EVIL}",
    f"http:\\\\{EVIL}",
    f"ftp://{EVIL}",
    f"//{EVIL}",
    f"//{EVIL}/campaigns",
    f"///{EVIL}",
    f"////{EVIL}",
    f"//localhost@{EVIL}",
    f"//localhost:80@{EVIL}/",
    f"https://localhost@{EVIL}",
    f"https://localhost%40{EVIL}",
    f"/\\{EVIL}",
    f"\\\\{EVIL}",
    f"\\/{EVIL}",
    f"/\\/{EVIL}",
    f"/\t/{EVIL}",
    f"/\n/{EVIL}",
    f"/\r/{EVIL}",
    f"\t//{EVIL}",
    f" //{EVIL}",
    f"\u00a0//{EVIL}",
    f"/\x00/{EVIL}",
    f"/\u2028/{EVIL}",
    f"/\u200b/{EVIL}",
    f"\ufeff//{EVIL}",
    f"\uff0f\uff0f{EVIL}",
    f"\u2044\u2044{EVIL}",
    f"\u3002{EVIL}",
    f"/campaigns\r\nLocation: https://{EVIL}",
    f"/campaigns\nSet-Cookie: {EVIL}=1",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "view-source:https://evil.example",
    "blob:https://evil.example/x",
    f".{EVIL}",
    f"@{EVIL}",
    f":80@{EVIL}",
    f"?next=//{EVIL}",
    f"#//{EVIL}",
    f"{EVIL}/campaigns",
    "campaigns",
    "..//evil.example",
    "",
]
# They look bad, and are addresses of ours: no browser reads a percent sign there as a slash.
HARMLESS = [
    f"/%2f{EVIL}",
    f"/%5c{EVIL}",
    f"/%09/{EVIL}",
    f"/%0d%0aLocation:%20https://{EVIL}",
    f"/.//{EVIL}",
    f"/@{EVIL}",
    f"/campaigns?q=//{EVIL}",
    f"/\uff0f{EVIL}",
    "/" + "x" * 20_000,
]
PROBE = "/campaigns?q=probe-4711"
NAMES = ("next", "back", "url", "to", "target", "return", "return_to", "redirect", "continue")


def as_a_browser_reads(address: str) -> str:
    """A relative address as the URL standard has it: tabs and line breaks go, \\ is a slash."""
    return re.sub(r"[\t\r\n]", "", address.strip()).replace("\\", "/")


def stays_here(address: str) -> bool:
    read = as_a_browser_reads(address)
    return read.startswith("/") and not read.startswith("//")


def asked(name: str, target: str) -> str:
    return f"{name}={quote(target, safe='')}"


@pytest.mark.parametrize("target", HOSTILE)
def test_a_hostile_target_is_no_target(app: Flask, target: str) -> None:
    assert not is_safe_target(target)
    with app.test_request_context(query_string=asked("back", target)):
        assert back() is None


@pytest.mark.parametrize("target", HARMLESS)
def test_a_target_that_is_let_pass_is_here(client: Client, target: str) -> None:
    assert is_safe_target(target)
    signed_in(client, factories.operator())
    answer = client.get("/sign-in?" + asked("next", target))
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert stays_here(location)
    assert urlsplit(f"http://localhost{location}").netloc == "localhost"


@pytest.mark.parametrize("target", HOSTILE)
def test_signing_in_leads_to_the_overview_instead(client: Client, target: str) -> None:
    operator = factories.operator()
    form = get_page(client, "/sign-in?" + asked("next", target)).form("Sign in")
    typed = {"email": operator.email, "password": factories.PASSWORD}
    answer = client.post("/sign-in?" + asked("next", target), data=form.values | typed)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    again = client.get("/sign-in?" + asked("next", target))
    assert (again.status_code, again.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("target", HOSTILE)
def test_typing_the_password_again_leads_nowhere_else(client: Client, target: str) -> None:
    signed_in(client, factories.operator())
    form = get_page(client, "/confirm?" + asked("next", target)).forms[-1]
    sent = {"password": factories.PASSWORD, "csrf_token": form.values["csrf_token"]}
    answer = client.post("/confirm?" + asked("next", target), data=sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def reflecting(app: Flask, client: Client, values: dict[str, str]) -> list[tuple[str, str]]:
    """Addresses, and the name of an argument, that send on or link to what it says."""
    found = []
    for rule in routes.rules(app, "GET"):
        address = routes.address(app, rule, values)
        for name in NAMES:
            answer = client.get(f"{address}?{asked(name, PROBE)}")
            links = attributes(answer.text) | {answer.headers.get("Location", "")}
            if any(link.startswith(PROBE) for link in links):
                found.append((address, name))
    return found


def attributes(html: str) -> set[str]:
    """Every address that a page leads to, sends to or loads."""
    pattern = r"""(?:href|action|formaction|src|hx-get|hx-post|hx-push-url)="([^"]*)\""""
    return {unescape(text) for text in re.findall(pattern, html)}


def test_every_page_that_leads_back_leads_back_to_us(app: Flask, client: Client) -> None:
    values = routes.values()
    signed_in(client, factories.operator("admin"))
    places = reflecting(app, client, values)
    assert {name for _, name in places} == {"back", "next"}
    assert len(places) >= 6
    usual = {address: attributes(client.get(address).text) for address, _ in places}
    for address, name in places:
        for target in HOSTILE:
            if not target or target == "campaigns":
                continue
            answer = client.get(f"{address}?{asked(name, target)}")
            location = answer.headers.get("Location", "/")
            assert stays_here(location), (address, target)
            for link in attributes(answer.text) - usual[address]:
                assert stays_here(link), (address, target, link)
                assert urlsplit(f"http://localhost{as_a_browser_reads(link)}").path != target


@pytest.mark.parametrize("name", ["next", "back"])
def test_whatever_is_sent_nobody_is_led_elsewhere(app: Flask, client: Client, name: str) -> None:
    values = routes.values()
    signed_in(client, factories.operator("admin"))
    token = str(get_page(client, "/campaigns").form("Sign out").values["csrf_token"])
    target = f"//{EVIL}"
    for method, rule in routes.unsafe(app):
        if routes.takes_tokens(rule) or rule.endpoint == "auth.sign_out":
            continue
        address = f"{routes.address(app, rule, values)}?{asked(name, target)}"
        sent = {"csrf_token": token, name: target, "list": f"q=x&{name}={target}"}
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.open(
                address, method=method, data=sent, headers={"Referer": target, **headers}
            )
            for header in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url"):
                assert stays_here(answer.headers.get(header, "/")), (rule, header)
        signed_in(client, factories.operator("admin"))
        db.session.commit()


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/campaigns", "/\\evil.example"])
def test_a_path_that_looks_like_a_host_is_none(client: Client, path: str) -> None:
    answer = client.get(path, base_url="http://localhost")
    location = answer.headers.get("Location", "/")
    assert urlsplit(location).netloc in ("", "localhost")
    assert not as_a_browser_reads(location).startswith("//")
