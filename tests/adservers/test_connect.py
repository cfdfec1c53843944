"""Opening a connection, its priorities, and what is refused before anything is sent."""

import pytest
from responses import RequestsMock

from tests.adservers.connecting import TOKEN, Connected, connected
from tests.adservers.provoking import BASE, SPEC
from webapp.adservers import errors
from webapp.adservers.registry import connect
from webapp.adservers.types import ConnectionSettings, Priority
from webapp.core.http import http_session
from webapp.core.ratelimit import RateLimiter


@pytest.mark.parametrize("odd", ["", "..", "a/b", "a?b=c", "é", "a" * 65])
def test_an_id_that_is_none_is_not_asked_for(connection: Connected, odd: str) -> None:
    for act in (
        lambda: connection.server.get_campaign(odd),
        lambda: connection.server.update_campaign(odd, {"title": "N"}),
    ):
        with pytest.raises(errors.NotFound):
            act()
    assert connection.log == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ConnectionSettings("http://cms.example/api", TOKEN, "o"), errors.Unsupported),
        (ConnectionSettings(BASE, TOKEN, "../x"), errors.Unsupported),
        (ConnectionSettings(BASE, TOKEN, ""), errors.Unsupported),
        (ConnectionSettings(BASE, "", "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, 'a"b', "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, "a\r\nX: y", "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, "tokén", "o"), errors.AuthFailed),
    ],
)
def test_settings_that_cannot_work_are_refused_in_words(
    settings: ConnectionSettings, expected: type[errors.AdServerError]
) -> None:
    with http_session("T") as http, pytest.raises(expected) as caught:
        connect("megaphone", settings, http=http, limiter=RateLimiter(0))
    assert caught.value.message.endswith(".")
    assert TOKEN not in caught.value.message


def test_an_unknown_platform_is_unsupported() -> None:
    settings = ConnectionSettings(BASE, TOKEN, "o")
    with http_session("T") as http, pytest.raises(errors.Unsupported):
        connect("myspace", settings, http=http, limiter=RateLimiter(0))


def test_settings_do_not_show_their_token() -> None:
    assert TOKEN not in repr(ConnectionSettings(BASE, TOKEN, "o"))


def test_a_full_minute_is_told_without_a_request(web: RequestsMock) -> None:
    with connected(BASE, limiter=RateLimiter(1)) as connection:
        connection.limiter.acquire(Priority.PUSH)
        with pytest.raises(errors.RateLimited, match="Nothing was sent"):
            connection.server.with_priority(Priority.PUSH).create_campaign(SPEC, None)
        assert connection.log == []


def test_priority_is_a_view_of_the_same_connection(connection: Connected) -> None:
    urgent = connection.server.with_priority(Priority.PUSH)
    assert urgent is not connection.server
    assert urgent.platform == "megaphone"
    assert urgent.capabilities == connection.server.capabilities
    assert urgent.capabilities.page_size == 500
