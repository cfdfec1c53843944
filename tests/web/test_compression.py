"""Answers are compressed for whoever takes gzip, and only then."""

import gzip

import pytest
from flask.testing import FlaskClient

GZIP = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed_for_a_browser_that_takes_gzip(client: FlaskClient) -> None:
    plain = client.get("/sign-in")
    packed = client.get("/sign-in", headers=GZIP)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.data))
    assert b"<h1" in gzip.decompress(packed.data)
    assert len(packed.data) < len(plain.data)


@pytest.mark.parametrize("accepted", ["gzip", "identity", ""])
def test_caches_keep_both_kinds_apart(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/sign-in", headers={"Accept-Encoding": accepted})

    assert "Accept-Encoding" in answer.headers["Vary"]


def test_gzip_that_is_refused_is_not_sent(client: FlaskClient) -> None:
    answer = client.get("/sign-in", headers={"Accept-Encoding": "gzip;q=0"})

    assert "Content-Encoding" not in answer.headers


def test_a_few_bytes_are_sent_as_they_are(client: FlaskClient) -> None:
    answer = client.get("/health", headers=GZIP)

    assert "Content-Encoding" not in answer.headers
