"""Answers that are no answer: cut, slow, huge, garbled, or of a status that decides nothing."""

import gzip
import socket
import struct
from contextlib import suppress

from tests.adservers.wire import Behaviour, Script, answer, cut, dribble, hang_up, silence

GZIP = {"Content-Encoding": "gzip"}
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"
DEEP = "[" * 100_000
MOST_BODY = 200_000


def reset(sock: socket.socket) -> None:
    """Take the request and reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def reset_after(data: bytes) -> Behaviour:
    def behave(sock: socket.socket) -> None:
        sock.sendall(data)
        reset(sock)

    return behave


def pour(head: bytes, megabytes: int) -> Behaviour:
    """Send so much, or until nobody reads any more."""

    def behave(sock: socket.socket) -> None:
        with suppress(OSError):
            sock.sendall(head)
            for _ in range(megabytes):
                sock.sendall(b" " * 2**20)

    return behave


WHOLE = answer('{"id": "x"}')
UNANSWERED: dict[str, Script] = {
    "closed": hang_up,
    "reset": reset,
    "silent": silence,
    "a byte now and then": dribble(answer("x" * 1000)),
    "headers byte by byte": dribble(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500),
    "closed in the status line": cut(b"HTTP/1.1 20"),
    "closed in the headers": cut(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "closed in the body": cut(WHOLE[:-3]),
    "reset in the headers": reset_after(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "reset in the body": reset_after(WHOLE[:-3]),
    "only an informational answer": cut(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "not http": cut(b"\x00\x01\x02\r\n\r\n"),
    "another protocol": cut(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "an old protocol": cut(b"HTTP/0.9 what\r\n\r\n"),
    "a status that is no number": cut(b"HTTP/1.1 OK 200\r\n\r\n"),
    "too many headers": cut(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 300 + b"\r\n{}"),
    "a header too long": cut(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n{}"),
    "chunks cut off": cut(CHUNKED + b'5\r\n{"a"'),
    "chunks of no size": cut(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunks without an end": cut(CHUNKED + b"2\r\n{}\r\n"),
    "a body of 100 MB": pour(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", 100),
    "100 MB without a length": pour(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 100),
    "a gzip bomb": answer(gzip.compress(bytes(20_000_000)), headers=GZIP),
    "gzip cut off": answer(gzip.compress(b'{"id": "x"}')[:-15], headers=GZIP),
    "gzip that is none": answer("{}", headers=GZIP),
}
# Nothing but a limit of time ends these.
ENDLESS = [UNANSWERED[name] for name in ("silent", "a byte now and then", "headers byte by byte")]
UNREADABLE: dict[str, Script] = {
    "empty": answer(""),
    "blanks": answer(" \r\n\t"),
    "truncated": answer('{"id": "x", "title": "Spr'),
    "not a number": answer('{"id": NaN}'),
    "infinity": answer('{"id": -Infinity}'),
    "nested deep": answer(DEEP),
    "not UTF-8": answer(b'{"id": "\xff\xfe"}'),
    "UTF-16": answer('{"id": "x"}'.encode("utf-16")),
    "two documents": answer("{}{}"),
    "single quotes": answer("{'id': 'x'}"),
    "a number of 5,000 digits": answer('{"id": ' + "9" * 5000 + "}"),
}
PAGES: dict[str, Script] = {
    "a web page": answer(HTML, kind="text/html"),
    "a web page said to be JSON": answer(HTML),
    "text said to be a web page": answer("Sorry", kind="text/html; charset=utf-8"),
}
OTHER_SHAPES: dict[str, Script] = {
    "null": answer("null"),
    "true": answer("true"),
    "a number": answer("1"),
    "a text": answer('"ok"'),
}
NO_VERDICT: dict[str, Script] = {
    "408": answer("", "408 Request Timeout"),
    "500 with a page": answer(HTML, "500 Internal Server Error", kind="text/html"),
    "500 with JSON": answer('{"error": "oops"}', "500 Internal Server Error"),
    "500 without a body": answer("", "500 Internal Server Error"),
    "500 cut off": cut(answer("x" * 9, "500 Oh")[:-1]),
    "501": answer("", "501 Not Implemented"),
    "502": answer(HTML, "502 Bad Gateway", kind="text/html"),
    "503 to come back": answer("", "503 Service Unavailable", {"Retry-After": "3600"}),
    "503 with a bomb": answer(gzip.compress(bytes(20_000_000)), "503 Service Unavailable", GZIP),
    "504": answer("", "504 Gateway Timeout"),
    "520": answer("", "520 What"),
    "599": answer("", "599 Never heard of"),
}
REDIRECTS: dict[str, Script] = {
    status: answer("", f"{status} Elsewhere", {"Location": "http://127.0.0.1:9/sign-in"})
    for status in ("300", "301", "302", "303", "307", "308")
} | {"304": answer("", "304 Not Modified"), "302 to nowhere": answer("", "302 Found")}
TOO_MANY: dict[str, Script] = {
    f"429, retry after {words}": answer(
        "slow down", "429 Too Many Requests", {} if text is None else {"Retry-After": text}
    )
    for words, text in {
        "nothing said": None,
        "0": "0",
        "less than nothing": "-5",
        "words": "a while",
        "a date gone by": "Wed, 21 Oct 2015 07:28:00 GMT",
        "a date far away": "Fri, 31 Dec 9999 23:59:59 GMT",
        "a date that is none": "Wed, 99 Foo 2015 77:28:00 GMT",
        "10^12": "1000000000000",
        "400 digits": "9" * 400,
        "two numbers": "1, 2",
        "not a number": "NaN",
    }.items()
}
