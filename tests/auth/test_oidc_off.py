"""Without a sign-in service there is no trace of one."""

from tests.support.client import Client
from tests.support.pages import get_page


def test_its_addresses_are_not_there(client: Client) -> None:
    get_page(client, "/sign-in/with/back?code=x&state=y", status=404)
    token = get_page(client, "/sign-in").form("Sign in").values["csrf_token"]
    assert client.post("/sign-in/with", data={"csrf_token": token}).status_code == 404


def test_the_sign_in_page_has_no_button_for_it(client: Client) -> None:
    assert [form.buttons for form in get_page(client, "/sign-in").forms] == [["Sign in"]]
