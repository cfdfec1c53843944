"""Addresses that are kept: the same as Flask's own, whoever asks and wherever."""

import pytest
from flask import Flask, url_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("campaigns.index", {}),
        ("campaigns.index", {"page": 2, "q": "a b&c", "sort": None}),
        ("campaigns.index", {"x": True}),
        ("campaigns.index", {"x": 1}),
        ("campaigns.index", {"x": "1"}),
        ("campaigns.index", {"_anchor": "results"}),
        ("campaigns.index", {"_external": True}),
        ("static", {"filename": "app.css"}),
    ],
)
def test_an_address_is_as_flask_makes_it(app, endpoint, values):
    for _ in range(2):
        with app.test_request_context("/"):
            assert url_for(endpoint, **values) == Flask.url_for(app, endpoint, **values)


def test_true_and_one_and_its_text_are_three_addresses_or_two(app):
    with app.test_request_context("/"):
        found = [url_for("campaigns.index", x=x) for x in (True, 1, "1")]

    assert found == ["/campaigns?x=True", "/campaigns?x=1", "/campaigns?x=1"]


def test_an_address_is_below_the_prefix_of_whoever_asks(app):
    found = []
    for prefix in ("", "/office", "/other", "/office"):
        with app.test_request_context("/", base_url=f"http://localhost{prefix}"):
            found.append(url_for("campaigns.index"))

    assert found == ["/campaigns", "/office/campaigns", "/other/campaigns", "/office/campaigns"]


def test_a_whole_address_is_of_the_host_that_was_asked(app):
    found = []
    for host in ("one.example", "two.example"):
        with app.test_request_context("/", base_url=f"https://{host}"):
            found.append(url_for("campaigns.index", _external=True))

    assert found == ["https://one.example/campaigns", "https://two.example/campaigns"]


def test_an_address_within_the_blueprint_is_of_the_one_that_is_shown(app):
    found = []
    for path in ("/campaigns", "/advertisers"):
        with app.test_request_context(path):
            found.append(url_for(".index"))

    assert found == ["/campaigns", "/advertisers"]


def test_a_view_that_asks_flask_itself_is_given_a_kept_address(app, monkeypatch):
    with app.test_request_context("/"):
        before = url_for("campaigns.index", q="kept")
        monkeypatch.setattr(Flask, "url_for", None)

        assert url_for("campaigns.index", q="kept") == before
