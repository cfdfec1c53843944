"""The pages of tokens: made, shown once, rotated, revoked; one's own, and all of them."""

import re
from datetime import timedelta

import pytest

from tests import factories
from tests.api.calling import get
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.auth.models import ApiToken
from webapp.core.clock import utc_now
from webapp.core.db import db

MAKE, ROTATE, REVOKE = "Make the token", "Make a new secret", "Revoke the token"
SECRET = re.compile(r"fdk_[\w-]{43}")


def make(client: Client, name: str = "nightly report", **typed: object) -> Page:
    page = get_page(client, "/tokens").follow("New token")
    return page.submit(MAKE, {"name": name, **typed})


def secret_of(page: Page) -> str:
    value = page.root.one("input", id="secret")["value"]
    assert SECRET.fullmatch(value)
    return value


def names(page: Page) -> list[str]:
    return [row[0] for row in page.rows]


def the_token() -> ApiToken:
    db.session.commit()
    return db.session.query(ApiToken).one()


def audited() -> set[tuple[str, str, str]]:
    return {(e.actor, e.action, e.object_label) for e in db.session.query(AuditEvent)}


def test_a_token_is_made_and_its_secret_opens_the_api(viewer_client, viewer, client) -> None:
    page = make(viewer_client)
    secret = secret_of(page)

    assert get(client, secret, "/api/v1/me").status_code == 200
    assert f"Bearer {secret}" in page.root.one("input", id="curl")["value"]
    token = the_token()
    assert (token.name, token.scopes, token.operator_id) == ("nightly report", "read", viewer.id)
    assert audited() == {(viewer.email, "made token", "nightly report")}


def test_a_secret_is_in_one_answer_and_nowhere_else(viewer_client, caplog, capfd) -> None:
    page = make(viewer_client)
    secret = secret_of(page)
    said = caplog.text + "".join(capfd.readouterr())

    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers or secret not in page.headers["Set-Cookie"]
    assert secret not in page.url
    assert secret not in said
    with viewer_client.session_transaction() as session:
        assert secret not in str(dict(session))
    for path in ("/tokens", "/timeline", f"/tokens/{the_token().id}/rotate"):
        assert secret not in get_page(viewer_client, path).text
    assert all(secret not in str(vars(event)) for event in db.session.query(AuditEvent))


def test_the_form_sent_again_makes_no_second_token_and_shows_no_secret(viewer_client) -> None:
    form = get_page(viewer_client, "/tokens/new").form(MAKE)
    data = {**form.values, "name": "nightly"}

    first = viewer_client.post(form.action, data=data)
    again = viewer_client.post(form.action, data=data)

    assert (first.status_code, again.status_code) == (200, 422)
    assert SECRET.search(first.text)
    assert not SECRET.search(again.text)
    assert "There is a token named nightly already" in again.text
    assert the_token().name == "nightly"


def test_what_is_chosen_is_what_the_token_has(manager_client) -> None:
    make(manager_client, scopes=["read", "sync"], expires="never", per_window="50")

    token = the_token()
    assert (token.scopes, token.expires_at, token.per_window) == ("read sync", None, 50)


def test_nobody_is_offered_more_than_they_may_give(viewer_client, manager_client) -> None:
    client = signed_in(viewer_client, factories.operator("viewer"))
    page = get_page(client, "/tokens/new")
    assert [box["value"] for box in page.main.all("input", name="scopes")] == ["read"]

    form = page.form(MAKE)
    answer = client.post(form.action, data={**form.values, "name": "x", "scopes": ["admin"]})
    assert answer.status_code == 422
    assert db.session.query(ApiToken).count() == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "A token needs a name"),
        ({"scopes": []}, "A token needs at least one of read"),
        ({"per_window": "0"}, "Choose 1 to 1,000,000 requests"),
        ({"per_window": ""}, "Say how many requests"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_made(viewer_client, typed, words) -> None:
    page = get_page(viewer_client, "/tokens/new")
    page = page.submit(MAKE, {"name": "x", **typed}, status=422)

    assert words in page.main.text
    assert page.title.startswith("Error: ")
    assert db.session.query(ApiToken).count() == 0


def test_what_was_typed_is_kept_when_the_session_ends(viewer_client, viewer) -> None:
    form = get_page(viewer_client, "/tokens/new").form(MAKE)
    viewer_client.delete_cookie("flightdeck")
    data = {**form.values, "name": "typed", "expires": "30"}
    asked = viewer_client.post(form.action, data=data)
    assert asked.status_code == 401

    typed = {"email": viewer.email, "password": factories.PASSWORD}
    page = Page(viewer_client, asked).submit("Sign in", typed)
    page = page.submit("Show the form")

    assert db.session.query(ApiToken).count() == 0
    assert page.form(MAKE).values["name"] == "typed"
    assert page.form(MAKE).values["expires"] == "30"


def test_rotated_the_new_secret_is_shown_once_and_both_open(viewer_client, client) -> None:
    old = secret_of(make(viewer_client))
    form = get_page(viewer_client, "/tokens").follow("Rotate nightly report").form(ROTATE)

    first = viewer_client.post(form.action, data=form.values)
    again = viewer_client.post(form.action, data=form.values)

    found = SECRET.search(first.text)
    assert found
    assert (again.status_code, again.headers["Location"]) == (302, "/tokens")
    page = get_page(viewer_client, "/tokens")
    assert "was rotated meanwhile" in page.text
    assert "old secret ends tomorrow" in page.rows[0][1]
    for secret in (old, found[0]):
        assert get(client, secret, "/api/v1/me").status_code == 200


@pytest.mark.parametrize(("chosen", "days"), [("30", 30), ("never", None)])
def test_rotated_it_is_good_for_as_long_as_before(viewer_client, chosen, days) -> None:
    make(viewer_client, expires=chosen)
    for _ in range(2):
        get_page(viewer_client, "/tokens").follow("Rotate nightly report").submit(ROTATE)

    ends = the_token().expires_at
    assert (ends and round((ends - utc_now()) / timedelta(days=1))) == days


def test_rotated_it_is_good_for_as_long_as_is_chosen(viewer_client) -> None:
    make(viewer_client, expires="30")
    page = get_page(viewer_client, "/tokens").follow("Rotate nightly report")
    page.submit(ROTATE, {"expires": "never"})

    assert the_token().expires_at is None


def test_rotated_without_overlap_the_old_secret_ends(viewer_client, client) -> None:
    old = secret_of(make(viewer_client))
    page = get_page(viewer_client, "/tokens").follow("Rotate nightly report")
    new = secret_of(page.submit(ROTATE, {"overlap": "0"}))

    statuses = [get(client, secret, "/api/v1/me").status_code for secret in (old, new)]
    assert statuses == [401, 200]


def test_revoked_it_opens_nothing_and_stays_on_the_list(viewer_client, viewer, client) -> None:
    secret = secret_of(make(viewer_client))
    page = get_page(viewer_client, "/tokens").follow("Revoke nightly report").submit(REVOKE)

    assert "is revoked" in page.notices
    assert page.rows[0][1] == "Revoked"
    assert "Rotate" not in page.main.text
    assert get(client, secret, "/api/v1/me").status_code == 401
    assert (viewer.email, "revoked token", "nightly report") in audited()


def test_everyone_sees_their_own_and_managers_see_all(client, viewer, manager) -> None:
    factories.api_token("read", name="of the viewer", operator_id=viewer.id)
    factories.api_token("read", name="of the manager", operator_id=manager.id)
    factories.api_token("read", name="of nobody")

    page = get_page(signed_in(client, viewer), "/tokens")
    assert names(page) == ["of the viewer"]
    page = get_page(signed_in(client, manager), "/tokens")
    assert names(page) == ["of nobody", "of the manager", "of the viewer"]
    assert [row[3] for row in page.rows] == ["of no operator", "yours", viewer.email]


def test_managers_end_any_token_but_have_no_secret_of_others(client, viewer, manager) -> None:
    factories.api_token("read", name="theirs", operator_id=viewer.id)
    token = the_token()
    client = signed_in(client, manager)

    assert client.get(f"/tokens/{token.id}/rotate").status_code == 404
    get_page(client, "/tokens").follow("Revoke theirs").submit(REVOKE)
    assert the_token().revoked_at


def test_of_other_people_s_tokens_a_viewer_learns_nothing(client, viewer, manager) -> None:
    factories.api_token("read", name="theirs", operator_id=manager.id)
    token = the_token()
    client = signed_in(client, viewer)

    for verb in ("rotate", "revoke"):
        mine = client.get(f"/tokens/{token.id}/{verb}")
        none = client.get(f"/tokens/{token.id + 1}/{verb}")
        assert (mine.status_code, none.status_code) == (404, 404)
        assert "theirs" not in mine.text


def test_the_pages_are_reached_from_every_page(viewer_client) -> None:
    page = get_page(viewer_client, "/campaigns").follow("Tokens")

    assert page.h1 == "Tokens"
    assert "No token yet" in page.main.text
    assert "A bulk change needs a token that belongs to an operator" in page.main.text


def test_the_documentation_is_reached_from_every_page(viewer_client) -> None:
    page = get_page(viewer_client, "/campaigns").follow("API for scripts")

    assert page.h1 == "First script in five minutes"


def test_a_list_of_many_costs_no_more_statements(manager_client) -> None:
    factories.api_token()
    db.session.commit()
    with count_statements() as few:
        manager_client.get("/tokens")
    for _ in range(20):
        factories.api_token(operator_id=factories.operator().id)
    db.session.commit()
    with count_statements() as many:
        manager_client.get("/tokens")

    assert len(few) == len(many)
