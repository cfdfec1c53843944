"""Static files: named after their content, kept for good, compressed for whoever takes that."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

STATIC = Path(__file__).resolve().parents[2] / "static"
HASHED = re.compile(r"/static/app\.[0-9a-f]{10}\.css")


@pytest.fixture
def address(app: Flask) -> str:
    with app.test_request_context():
        return url_for("static", filename="app.css")


def test_the_address_of_a_file_holds_its_hash_and_is_kept_for_good(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(address)

    assert HASHED.fullmatch(address)
    assert answer.data == (STATIC / "app.css").read_bytes()
    assert answer.cache_control.immutable
    assert answer.cache_control.max_age == 365 * 24 * 60 * 60
    assert answer.mimetype == "text/css"


def test_the_plain_name_works_too_and_is_asked_about_again(client: FlaskClient) -> None:
    answer = client.get("/static/app.css")
    again = client.get("/static/app.css", headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.cache_control.max_age == 3600
    assert not answer.cache_control.immutable
    assert again.status_code == 304


def test_it_is_compressed_for_whoever_takes_that(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(answer.data) == (STATIC / "app.css").read_bytes()
    assert len(answer.data) < (STATIC / "app.css").stat().st_size / 2


@pytest.mark.parametrize(
    "name", ["none.css", "app.0123456789.css", "../wsgi.py", "vendor/README.md"]
)
def test_what_is_no_file_of_ours_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404
