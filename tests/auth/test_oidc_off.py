"""Without a sign-in service there is no trace of one."""

import pytest

from tests.support.client import Client
from tests.support.pages import get_page


@pytest.mark.parametrize("path", ["/sign-in/with", "/sign-in/with/back?code=x&state=y"])
def test_its_addresses_are_not_there(client: Client, path: str) -> None:
    get_page(client, path, status=404)


def test_the_sign_in_page_has_no_button_for_it(client: Client) -> None:
    assert not [words for words in get_page(client, "/sign-in").links if "Sign in with" in words]
