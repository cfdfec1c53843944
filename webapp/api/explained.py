"""What each error means to a script, and what to do about it. The documentation reads it from here.

A test holds it against the codes of :mod:`webapp.web.problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.web.problems import CODES, FieldError


@dataclass(frozen=True, slots=True)
class Explained:
    """``detail``, ``errors``, ``more`` and ``headers`` are those of the example that is shown."""

    what_to_do: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    retry: bool = False


EXPLAINED: dict[str, Explained] = {
    "bad_request": Explained(
        "Look at what your script sent: the body is no JSON, or a header cannot be read.",
        "The body is not valid JSON.",
    ),
    "no_token": Explained(
        "Send the header “Authorization: Bearer TOKEN”. If you do, WWW-Authenticate says "
        "“invalid_token”: the token was mistyped, has expired, or was revoked or replaced. Make a "
        "new one.",
        "Send “Authorization: Bearer TOKEN”.",
        headers=frozenset({"WWW-Authenticate"}),
    ),
    "not_allowed": Explained(
        "The token lacks the scope that the operation needs, or its owner may no longer do this. "
        "Ask a manager for a token with that scope.",
        "This needs the scope “write”.",
    ),
    "not_found": Explained(
        "Check the id, and that you did not send the ad server's id where ours belongs.",
        "There is no such campaign.",
    ),
    "method_not_allowed": Explained(
        "The header Allow of the answer names the methods that the address takes.",
        "This address does not take that method.",
        headers=frozenset({"Allow"}),
    ),
    "clash": Explained(
        "Read what is there now, decide again, and send what is still wanted.",
        "This conflict was decided meanwhile.",
    ),
    "still_running": Explained(
        "Wait a second and send the very same request again: you get the first one's answer.",
        "The first request with this key is still being answered.",
        headers=frozenset({"Retry-After"}),
        retry=True,
    ),
    "changed_meanwhile": Explained(
        "Somebody else changed it after you read it. “changes” has each member that they or you "
        "changed: what it was when you read it (“base”, if “base_known”), what it is now "
        "(“theirs”), and what you sent (“yours”; of a member that you did not send, what you had "
        "read, or null where that is not known: leave such a member out). Where If-Match had only "
        "a version, what it was is not known, and only members that you sent are there. Bring the "
        "two together, and send it with the new ETag.",
        "The campaign was changed since you read it. Nothing was saved.",
        more={
            "version": 4,
            "changes": [
                {
                    "field": "title",
                    "base": "Spring launch",
                    "base_known": True,
                    "theirs": "Spring launch",
                    "yours": "Spring launch 2026",
                },
                {
                    "field": "total_budget_cents",
                    "base": 500_000,
                    "base_known": True,
                    "theirs": 650_000,
                    "yours": 500_000,
                },
            ],
        },
    ),
    "too_large": Explained(
        "Send less at once: a request may have up to 1 MiB.",
        "This is too large.",
    ),
    "not_json": Explained(
        "Send the body as JSON, with “Content-Type: application/json”.",
        "Send JSON, with “Content-Type: application/json”.",
    ),
    "invalid": Explained(
        "Each of “errors” points at a value and says what is wrong. Correct them; sending the "
        "same again gives the same answer.",
        "Some values cannot be used.",
        (FieldError("/title", "This is needed."),),
    ),
    "bad_query": Explained(
        "“query” says where the search could not be read, and what may have been meant.",
        "There is no field “budgt”.",
        (FieldError("?q", "There is no field “budgt”."),),
        {
            "query": {
                "text": "budgt>5000",
                "start": 0,
                "end": 5,
                "suggestions": ["budget>5000"],
            }
        },
    ),
    "key_reused": Explained(
        "An Idempotency-Key belongs to one request. Make a new one for each thing you want done.",
        "This key was used for another request.",
    ),
    "refused": Explained(
        "“detail” has the ad server's own words. Correct what they name; sending the same again "
        "gives the same answer.",
        "The ad server refused it: Title has already been taken.",
    ),
    "too_many_requests": Explained(
        "Wait as many seconds as the header Retry-After says, then go on. Read RateLimit-Remaining "
        "to slow down before it happens.",
        "Too many requests.",
        headers=frozenset({"Retry-After"}),
        retry=True,
    ),
    "server_error": Explained(
        "It is our fault, and logged. A reading request may be sent again; a POST with its "
        "Idempotency-Key too. If it stays, report the request_id.",
        "Something went wrong on our side.",
        retry=True,
    ),
    "remote_error": Explained(
        "The ad server could not be reached, or answered with an error of its own. Try again in a "
        "minute; a POST with the same Idempotency-Key.",
        "The ad server could not answer.",
        retry=True,
    ),
    "unavailable": Explained(
        "Wait as many seconds as the header Retry-After says, or a minute, and send it again.",
        "This cannot be answered just now. Try again in a minute.",
        retry=True,
    ),
    "remote_timeout": Explained(
        "The ad server may have done it all the same. Read before you write again; a POST may be "
        "sent again with the same Idempotency-Key.",
        "The ad server did not answer in time.",
        retry=True,
    ),
}


def example_of(code: str) -> dict[str, Any]:
    """The body of such an error, as it would be answered."""
    known, explained = CODES[code], EXPLAINED[code]
    return {
        "type": f"/api/docs/errors#{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": explained.detail,
        "instance": "/api/v1/campaigns",
        "request_id": "5f0c9a4be1f14c0a9a3d2e7b8c6d1f20",
        "errors": [{"pointer": e.pointer, "message": e.message} for e in explained.errors],
        **explained.more,
    }
