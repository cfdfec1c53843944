"""Closed by default: who is let in, and what the others get."""

from pathlib import Path

from flask import Flask

from tests import factories
from tests.support.client import Client
from tests.support.databases import application
from tests.support.pages import get_page
from webapp.auth.permissions import Permission, role_may
from webapp.core.config import Settings

FRAGMENT = {"HX-Request": "true"}


def test_a_stranger_s_fragment_request_makes_the_browser_sign_in(client: Client) -> None:
    answer = client.get("/campaigns?q=news", headers=FRAGMENT)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/campaigns?q%3Dnews"
    assert answer.data == b""


def test_a_part_of_a_page_that_is_asked_for_too_late_leads_back_to_the_page(client: Client) -> None:
    page = "/campaigns?q=news&page=2"
    headers = FRAGMENT | {"HX-Current-URL": f"http://localhost{page}"}

    part = client.get("/campaigns/figures?views=1&q=news", headers=headers)
    assert part.headers["HX-Redirect"] == "/sign-in?next=/campaigns?q%3Dnews%26page%3D2"
    filtered = client.get("/campaigns?q=newsletter", headers=headers)
    assert filtered.headers["HX-Redirect"] == "/sign-in?next=/campaigns?q%3Dnewsletter"


def test_a_page_that_only_a_sent_form_shows_is_not_led_back_to(client: Client) -> None:
    for address in ("/changes/bulk", "/nowhere"):
        headers = FRAGMENT | {"HX-Current-URL": f"http://localhost{address}"}
        answer = client.get("/palette?q=spring", headers=headers)
        assert answer.headers["HX-Redirect"] == "/sign-in?next=/palette?q%3Dspring"


def test_what_a_page_sends_by_itself_too_late_leads_back_to_the_page(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    headers = FRAGMENT | {"HX-Current-URL": "http://localhost/bulk?page=2"}

    answer = app.test_client().post("/keys", headers=headers)

    assert answer.headers["HX-Redirect"] == "/sign-in?next=/bulk?page%3D2"


def test_what_only_a_sent_form_shows_is_nowhere_to_go_after_signing_in(
    manager_client: Client,
) -> None:
    """The page's own warning of a session's end leads to the address that is shown."""

    def leads_to(wanted: str) -> str:
        return manager_client.get(f"/sign-in?next={wanted}").headers["Location"]

    assert leads_to("/changes/bulk") == "/"
    # What is not there says so itself.
    assert leads_to("/changes?page=2") == "/changes?page=2"
    assert leads_to("/nowhere") == "/nowhere"


def test_a_part_of_a_page_elsewhere_leads_back_to_nowhere_else(client: Client) -> None:
    headers = FRAGMENT | {"HX-Current-URL": "http://elsewhere.example/campaigns"}
    answer = client.get("/campaigns/figures?q=news", headers=headers)
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/campaigns/figures?q%3Dnews"


def test_what_a_stranger_wanted_to_change_is_not_done_after_signing_in(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    assert app.test_client().post("/sign-out").headers["Location"] == "/sign-in"


def test_a_view_without_permission_is_closed_to_everybody(manager_client: Client) -> None:
    app = manager_client.application
    view = app.view_functions["campaigns.index"]
    assert view.permission is Permission.READ

    app.view_functions["campaigns.index"] = lambda: "secret"
    answer = manager_client.get("/campaigns")

    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_an_address_that_is_not_there_is_a_page_for_anyone(client: Client) -> None:
    assert get_page(client, "/nowhere", status=404).h1


def test_an_address_that_is_not_there_is_json_for_scripts(client: Client) -> None:
    headers = {"Authorization": f"Bearer {factories.api_token()}"}
    answer = client.get("/api/v1/nowhere", headers=headers)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "not_found"


def test_the_error_page_needs_no_database(tmp_path: Path) -> None:
    not_a_database = tmp_path / "a folder"
    not_a_database.mkdir()
    settings = Settings(database_url=f"sqlite:///{not_a_database}", instance_dir=tmp_path)
    with application(settings) as app:
        client = Client(app)
        with client.session_transaction() as session:
            session["_user_id"] = "1"
        page = get_page(client, "/campaigns", status=500)

    assert page.headers["X-Request-Id"] in page.text


def test_a_viewer_may_read_and_nothing_else() -> None:
    allowed = {permission for permission in Permission if role_may("viewer", permission)}
    assert allowed == {Permission.READ}
    assert all(role_may("admin", permission) for permission in Permission)
    assert not any(role_may("nobody", permission) for permission in Permission)


def test_pages_are_not_kept_by_the_browser_after_signing_out(manager_client: Client) -> None:
    assert manager_client.get("/campaigns").headers["Cache-Control"] == "no-store"


def test_every_answer_forbids_what_we_do_not_use(client: Client) -> None:
    policy = client.get("/sign-in").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
