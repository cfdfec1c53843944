"""Every address, for everyone: who may, who may only read, and a stranger."""

import re

import pytest
from flask import Flask

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.routes import address, guarded, permission_of, rules, takes_tokens
from webapp.app import create_app
from webapp.auth.access import PUBLIC_ENDPOINTS, TOKEN_BLUEPRINTS
from webapp.auth.permissions import ROLES, Permission, role_may
from webapp.core.config import Settings

FRAGMENT_ONLY = {
    "advertisers.suggest",
    "auth.session_left",
    "campaigns.budget",
    "campaigns.suggest",
    "campaigns.suggest_names",
    "campaigns.sync_line",
    "sync.progress",
}
# Of other people, these are not there at all.
OWN = {"tokens.rotate", "tokens.revoke"}
OTHERS = {"viewer": OWN, "operator": OWN, "manager": {"tokens.rotate"}, "admin": {"tokens.rotate"}}
# They ask the ad server, of which there is none here.
ASKING = {"api.list_remote_advertisers", "api.list_remote_campaigns", "api.get_remote_campaign"}
FILES = {
    "exchange.campaigns_csv",
    "exchange.template",
    "exchange.failed",
    "exchange.timeline_csv",
}
# Without a worker the whole is not ready; there is no password that was right a moment ago, and no
# sign-in service is set.
OTHER_ANSWERS = {
    "ops.ready": 503,
    "auth.code": 302,
    "auth.enrol": 302,
    "oidc.back": 404,
    # Nobody is named to be told of weaknesses.
    "contact.security_txt": 404,
}


@pytest.fixture
def values(app: Flask) -> dict[str, str]:
    """Something for every name that stands in an address."""
    return routes.values()


def test_every_address_names_a_permission_or_is_on_the_public_list(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        permission = permission_of(app, rule)
        is_public = rule.endpoint in PUBLIC_ENDPOINTS
        assert is_public != isinstance(permission, Permission), rule


def test_the_public_list_names_nothing_that_is_not_there(app: Flask) -> None:
    assert set(app.view_functions) >= PUBLIC_ENDPOINTS
    assert set(app.blueprints) >= TOKEN_BLUEPRINTS


def test_a_stranger_is_asked_to_sign_in_everywhere(app: Flask, client: Client, values) -> None:
    for method in ("GET", "POST"):
        for rule in guarded(app, method):
            answer = client.open(address(app, rule, values), method=method)
            assert answer.status_code == 302, rule
            assert answer.headers["Location"].startswith("/sign-in"), rule


@pytest.mark.parametrize("role", ROLES)
def test_everyone_reads_what_the_role_allows(app: Flask, client: Client, values, role) -> None:
    signed_in(client, factories.operator(role))
    for rule in guarded(app, "GET"):
        permission = permission_of(app, rule)
        assert permission
        url = address(app, rule, values)
        if rule.endpoint in FRAGMENT_ONLY:
            assert client.get(url, headers={"HX-Request": "true"}).status_code == 200, rule
        elif rule.endpoint in OTHERS[role]:
            get_page(client, url, status=404)
        elif rule.endpoint in FILES and role_may(role, permission):
            assert client.get(url).mimetype == "text/csv", rule
        elif role_may(role, permission):
            get_page(client, url)
        else:
            get_page(client, url, status=403)


@pytest.mark.parametrize("role", ROLES)
def test_everyone_changes_only_what_the_role_allows(
    app: Flask, client: Client, values, role: str
) -> None:
    signed_in(client, factories.operator(role))
    for rule in guarded(app, "POST"):
        permission = permission_of(app, rule)
        assert permission
        # Without its token a form is refused, but only after the permission was looked at.
        expected = 400 if role_may(role, permission) else 403
        answer = client.post(address(app, rule, values))
        assert answer.status_code == expected, rule


def test_public_addresses_are_open_to_a_stranger(app: Flask, client: Client, values) -> None:
    for rule in rules(app, "GET"):
        if rule.endpoint in PUBLIC_ENDPOINTS:
            expected = OTHER_ANSWERS.get(rule.endpoint, 200)
            assert client.get(address(app, rule, values)).status_code == expected, rule


def test_a_session_opens_no_address_that_takes_a_token(
    app: Flask, manager_client: Client, values
) -> None:
    for rule in rules(app, "GET"):
        if takes_tokens(rule):
            url = address(app, rule, values)
            assert manager_client.get(url).status_code == 401, rule
            token = factories.api_token("read write sync admin")
            answer = manager_client.get(url, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == (502 if rule.endpoint in ASKING else 200), rule


def test_nothing_is_changed_by_a_get(app: Flask) -> None:
    changing = re.compile(r"archive|delete|sign-out|run$|decide")
    for rule in rules(app, "GET"):
        assert not changing.search(rule.rule), rule


def test_every_template_can_be_read_by_jinja(tmp_path) -> None:
    app = create_app(Settings(instance_dir=tmp_path, log_level="WARNING"))
    names = app.jinja_env.list_templates(extensions=["html"])
    assert len(names) > 10
    for name in names:
        app.jinja_env.get_template(name)
