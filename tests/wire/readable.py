"""Answers that are JSON: with a member that cannot be, or merely unusual."""

import gzip
import json

from tests.adservers.wire import Script
from tests.wire.front import Real, Spoil, header, member


def wrapped(real: Real) -> Script:
    return real.with_value({"campaign": real.value})


def listed(real: Real) -> Script:
    return real.with_value([real.value])


def without(name: str) -> Spoil:
    def spoil(real: Real) -> Script:
        return real.with_value({k: v for k, v in real.value.items() if k != name})

    return spoil


def raw(text: str) -> Spoil:
    """The record with this text as one more member in front."""
    return lambda real: real.but(real.body.replace(b"{", b"{" + text.encode() + b",", 1))


def chunked(real: Real) -> Script:
    chunks = b"".join(b"1\r\n" + bytes([each]) + b"\r\n" for each in real.body)
    return real.but(chunks + b"0\r\n\r\n", content_length=None, transfer_encoding="chunked")


def zipped(real: Real) -> Script:
    return real.but(gzip.compress(real.body), content_encoding="gzip")


# The record cannot be taken for what was asked for.
WRONG: dict[str, Spoil] = {
    "an id that is a number": member(id=5),
    "an empty id": member(id=""),
    "an id that is a path": member(id="../campaigns"),
    "no id": without("id"),
    "a title that is null": member(title=None),
    "a title that is a number": member(title=7),
    "a title with NUL": member(title="a\x00b"),
    "a title with half a character": member(title="\ud800"),
    "a budget below 0": member(totalBudgetCents=-1),
    "a budget that is text": member(totalBudgetCents="100"),
    "a budget with a fraction": member(totalBudgetCents=1.5, totalBudgetCurrency="USD"),
    "a budget of true": member(totalBudgetCents=True),
    "a budget of 10^30": member(totalBudgetCents=10**30),
    "a currency that is a number": member(totalBudgetCurrency=978),
    "a currency of four letters": member(totalBudgetCurrency="EURO"),
    "a flag that is text": member(copyNeeded="yes"),
    "a time that is none": member(updatedAt="yesterday"),
    "a time without its zone": member(updatedAt="2026-01-01T00:00:00"),
    "a time that is a number": member(createdAt=1767225600),
    "a year 0": member(createdAt="0000-01-01T00:00:00Z"),
    "a duration below 0": member(durationInSeconds=-1),
    "the record in an object": wrapped,
    "the record in a list": listed,
}
# Unusual, and all there.
ODD: dict[str, Spoil] = {
    "members nobody knows": member(surprise={"a": [1, None]}, total=10**40),
    "an advertiser's number beside the advertiser": member(advertiserId=1),
    "a byte order mark": lambda real: real.but(b"\xef\xbb\xbf" + real.body),
    "said to be text": header(content_type="text/plain"),
    "said to be a web page": header(content_type="text/html"),
    "of no type": header(content_type=None),
    "in one-byte chunks": chunked,
    "compressed": zipped,
    "closed afterwards": header(connection="close"),
    "an old version": lambda real: real.but().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "an informational answer first": lambda real: b"HTTP/1.1 100 Continue\r\n\r\n" + real.but(),
    "status 200": lambda real: real.but(status="200 OK"),
    "status 201": lambda real: real.but(status="201 Created"),
    "status 202": lambda real: real.but(status="202 Accepted"),
    "no reason phrase": lambda real: real.but(status="200 "),
    "in a pretty print": lambda real: real.but(json.dumps(real.value, indent=4) + "\n\n"),
    "a member twice, the last one right": raw('"title": "Not this"'),
    "cookies": header(set_cookie="session=1; Path=/"),
}
