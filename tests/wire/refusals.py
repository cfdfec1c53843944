"""Answers that refuse: for good, until somebody changes the token, or because nothing is there."""

from tests.adservers.wire import Script, answer, cut
from tests.wire.broken import DEEP, HTML

UNPROCESSABLE = "422 Unprocessable Content"
REFUSED: dict[str, Script] = {
    "400": answer('{"error": "Bad request"}', "400 Bad Request"),
    "402": answer("", "402 Payment Required"),
    "405": answer("", "405 Method Not Allowed"),
    "406": answer("", "406 Not Acceptable"),
    "409": answer('{"error": "Conflict"}', "409 Conflict"),
    "411": answer("", "411 Length Required"),
    "413": answer(HTML, "413 Content Too Large", kind="text/html"),
    "415": answer("", "415 Unsupported Media Type"),
    "418": answer("teapot", "418 I'm a teapot", kind="text/plain"),
    "451": answer("", "451 Unavailable For Legal Reasons"),
    "499": answer("", "499 Client Closed Request"),
    "422 with a sentence": answer('{"error": "Title is too long"}', UNPROCESSABLE),
    "422 with fields": answer('{"errors": {"title": ["is too long"]}}', UNPROCESSABLE),
    "422 with a list": answer('{"errors": ["Title is too long"]}', UNPROCESSABLE),
    "422 with a bare list": answer('["Title is too long", 7, null]', UNPROCESSABLE),
    "422 with a message": answer('{"message": "No"}', UNPROCESSABLE),
    "422 with nonsense": answer('{"errors": {"title": {"a": [1]}}, "error": 5}', UNPROCESSABLE),
    "422 with text": answer("No", UNPROCESSABLE, kind="text/plain"),
    "422 with a page": answer(HTML, UNPROCESSABLE, kind="text/html"),
    "422 without a body": answer("", UNPROCESSABLE),
    "422 nested deep": answer(DEEP, UNPROCESSABLE),
    "422 cut off": cut(answer('{"error": "Title"}', UNPROCESSABLE)[:-4]),
    "422 with 300 kB": answer('{"error": "' + "x" * 300_000 + '"}', UNPROCESSABLE),
    "422 with control characters": answer('{"error": "a\\u0000b\\u202ec"}', UNPROCESSABLE),
}
NO_TOKEN: dict[str, Script] = {
    "401": answer("HTTP Token: Access denied.", "401 Unauthorized", kind="text/html"),
    "401 with JSON": answer('{"error": "no"}', "401 Unauthorized"),
    "401 without a body": answer("", "401 Unauthorized"),
    "401 cut off": cut(answer("denied", "401 Unauthorized")[:-2]),
    "401 asking for a password": answer("", "401 Unauthorized", {"WWW-Authenticate": "Basic"}),
}
NOT_ALLOWED: dict[str, Script] = {
    "403": answer('{"error": "User does not have access"}', "403 Forbidden"),
    "403 with a page": answer(HTML, "403 Forbidden", kind="text/html"),
    "403 without a body": answer("", "403 Forbidden"),
    "403 to come back": answer("", "403 Forbidden", {"Retry-After": "60"}),
}
NOT_THERE: dict[str, Script] = {
    "404": answer('{"error": "Not found"}', "404 Not Found"),
    "404 with a page": answer(HTML, "404 Not Found", kind="text/html"),
    "404 without a body": answer("", "404 Not Found"),
    "410": answer("", "410 Gone"),
}
