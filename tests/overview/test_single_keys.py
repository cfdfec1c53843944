"""Single keys as shortcuts: kept with the operator, whichever browser they use."""

from flask import Flask

from tests import factories
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from webapp.auth.models import Operator

FRAGMENT = {"HX-Request": "true"}


def are_on(page: Page) -> bool:
    """As the page tells its script, and as the box in the sheet shows it."""
    box = next(box for box in page.root.all("input") if box.get("id") == "keys-on")
    by_body = page.root.one("body").get("data-single-keys") != "off"
    assert by_body == box.has("checked")
    return by_body


def switch(client: Client, *, on: bool) -> int:
    form = next(f for f in get_page(client, "/").forms if f.action.endswith("/keys"))
    sent = {name: value for name, value in form.values.items() if name != "on"}
    return client.post(
        "/keys", data=sent | ({"on": "on"} if on else {}), headers=FRAGMENT
    ).status_code


def test_they_are_on_until_they_are_switched_off_and_can_be_switched_on_again(
    viewer_client: Client,
) -> None:
    assert are_on(get_page(viewer_client, "/campaigns"))
    assert switch(viewer_client, on=False) == 204
    assert not are_on(get_page(viewer_client, "/campaigns"))
    assert switch(viewer_client, on=True) == 204
    assert are_on(get_page(viewer_client, "/campaigns"))


def test_they_are_off_in_every_browser_of_this_operator_and_of_no_other(
    app: Flask, viewer_client: Client, viewer: Operator
) -> None:
    other = factories.operator(email="other@example.com")
    switch(viewer_client, on=False)

    assert not are_on(get_page(signed_in(Client(app), viewer), "/"))
    assert are_on(get_page(signed_in(Client(app), other), "/"))


def test_a_form_from_elsewhere_switches_nothing(viewer_client: Client) -> None:
    assert viewer_client.post("/keys").status_code == 400
    assert are_on(get_page(viewer_client, "/"))
