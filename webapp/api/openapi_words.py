"""What the documentation says in sentences: about the whole, the tags, parameters and headers."""

from typing import Any

TITLE = "Flightdeck"
VERSION = "1.0.0"

ABOUT = """\
Everything an operator does with campaigns, a script can do as well.

**Tokens.** Send `Authorization: Bearer TOKEN` with every request. A token is made under
**Tokens** by anyone, has the scopes `read`, `write`, `sync` and `admin` as needed, and is shown
once. Each operation says which scope it needs; a cookie opens nothing here. Bulk changes need a
token that belongs to an operator: one made on the pages, or by command with `--operator`.

**Values.** Ids are texts. Times are ISO 8601 in UTC, with milliseconds. Money is an integer in the
minor unit of its currency, in members that end in `_cents`: 500000 with `USD` is 5,000.00 dollars;
500 with `JPY` is 500 yen, which have no smaller unit; 5000 with `KWD` is 5.000 dinars. A member
that is not known is refused, never ignored, and so is a body where none is taken.

**Errors** are `application/problem+json`: a `code` that never changes, a sentence in `detail`, and
in `errors` a pointer to each value that cannot be used. Each code has its paragraph under
[/api/docs/errors](/api/docs/errors).

**Trying again.** Send an `Idempotency-Key` of your own making with each `POST`. The same key with
the same request gives the stored answer again for 24 hours, and nothing is done twice.

**Editing together.** An `ETag` names the version that you read. Send it back as `If-Match` with a
change, and somebody else's newer change is never written over: you get 412 with the difference.

**Waiting.** A change goes to the ad server. The answer waits some seconds for its verdict: 201 or
200 when it is confirmed there, 202 with a `Location` to look at while it is on its way, 422 with
the ad server's words when it was refused. `Prefer: wait=20` waits longer (at most 30 seconds),
`Prefer: respond-async` not at all.

**Trying out.** `?dry_run=true` does all of it, answers, and takes everything back. Such an answer,
also an error, has the header `Dry-Run: true`; a good one has no `Location` and no `ETag`, and an
`id` that is in no list belongs to nothing. It leaves the `Idempotency-Key` for the real request.

**How much.** A token may make a number of requests in 15 minutes, 3,000 unless it was made with
another; without a token an address may make 100. The headers `RateLimit-Remaining` and
`RateLimit-Reset` say what is left; 429 comes with `Retry-After`.
"""

TAGS = {
    "Campaigns": "The orders: find, read, create, change and archive them.",
    "Bulk": "The same change to many campaigns, tried out first.",
    "Outgoing changes": "On their way to the ad server: hold them, take them back, undo them.",
    "To settle": "What nothing moves on by itself: choose a way on.",
    "Conflicts": "Where the ad server and Flightdeck disagree, and deciding it.",
    "Advertisers": "Advertisers and agencies, as they were last synced.",
    "Ad server": "Straight through to the ad server, in its own camelCase words.",
    "Sync": "Fetching from the ad server: start it, and see how it went.",
    "Connections": "The ad servers that are connected.",
    "Token": "The key that your script sends.",
}

TEXT: dict[str, Any] = {"type": "string"}
UUID = {"type": "string", "format": "uuid", "examples": ["6f1c0c52-3d0e-4a57-9b0e-1f2a3b4c5d6e"]}
NUMBER = {"type": "string", "pattern": "^[1-9][0-9]{0,8}$", "examples": ["17"]}
REMOTE_ID = {**TEXT, "minLength": 1, "examples": ["1a2b3c4d-5e6f-11f0-8de9-0242ac120002"]}

# Parts of an address: what they are, and their schema.
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "uuid": ("The campaign's `id`.", UUID),
    "job_uuid": ("The bulk change's `id`.", UUID),
    "remote_id": ("The ad server's own id.", REMOTE_ID),
}
NUMBERED = "The `id`, which is a number."

# Arguments that mean the same everywhere, where an operation says nothing else of them.
ARGUMENTS = {
    "advertiser_id": "Only of this advertiser: its `id` here.",
    "agency_id": "Only of this agency: its `id` here.",
    "campaign_id": "Only of this campaign: its `id` here.",
    "connection_id": "Only of this connection.",
    "limit": "How many at most.",
    "page": "Which page, counted from 1.",
    "per_page": "How many on a page.",
    "sort_order": "Upwards or downwards.",
    "state": "Only those that ended so, or are there.",
    "trigger": "Only those that were begun so.",
}

REQUEST_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Idempotency-Key": (
        (
            "A text of your own making, new for each thing you want done; a UUID does well. The "
            "same request with the same key is done once, and answered alike for 24 hours."
        ),
        {
            **TEXT,
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]+$",
            "examples": ["0c7f5d6e-8a54-4f0e-a2c1-2f6d1f0b9a11"],
        },
    ),
    "If-Match": (
        "The `ETag` that you read: the change is made only if it is still the current one.",
        {**TEXT, "examples": ['"3"']},
    ),
    "If-None-Match": (
        "The `ETag` that you have: 304 without a body while it is still the current one.",
        {**TEXT, "examples": ['"3"']},
    ),
    "Prefer": (
        (
            "`wait=N` waits up to N seconds (at most 30) for the outcome; `respond-async` not at "
            "all. What cannot be read is ignored, as RFC 7240 has it. So is a wait while half of a "
            "process's threads wait already: the answer comes at once, without "
            "`Preference-Applied`."
        ),
        {**TEXT, "examples": ["wait=20"]},
    ),
}

ANSWER_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "X-Request-Id": (
        (
            "Finds the request in our log. One of your own (8 to 64 of A-Z a-z 0-9 . _ -) is "
            "logged beside it."
        ),
        {**TEXT, "examples": ["5f0c9a4be1f14c0a9a3d2e7b8c6d1f20"]},
    ),
    "RateLimit-Limit": (
        "How many requests may be made in 15 minutes.",
        {"type": "integer", "minimum": 1, "examples": [3000]},
    ),
    "RateLimit-Remaining": (
        "How many of them are left.",
        {"type": "integer", "minimum": 0, "examples": [2994]},
    ),
    "RateLimit-Reset": (
        "So many seconds until there are all again.",
        {"type": "integer", "minimum": 0, "examples": [713]},
    ),
    "RateLimit": (
        "`r` requests are left, and `t` seconds until there are all again.",
        {**TEXT, "examples": ['"token";r=2994;t=713']},
    ),
    "RateLimit-Policy": (
        "`q` requests may be made in `w` seconds.",
        {**TEXT, "examples": ['"token";q=3000;w=900']},
    ),
    "Retry-After": (
        "So many seconds to wait before it is sent again.",
        {"type": "integer", "minimum": 0, "examples": [30]},
    ),
    "WWW-Authenticate": (
        "How to say who you are; with `invalid_token` where a token came that opens nothing.",
        {**TEXT, "examples": ["Bearer", 'Bearer error="invalid_token"']},
    ),
    "Allow": ("The methods that the address takes.", {**TEXT, "examples": ["GET, HEAD, OPTIONS"]}),
    "ETag": ("Names this version of what was answered.", {**TEXT, "examples": ['"3"']}),
    "Location": (
        "Where the outcome is to be read.",
        {
            **TEXT,
            "format": "uri-reference",
            "examples": ["/api/v1/campaigns/6f1c0c52-3d0e-4a57-9b0e-1f2a3b4c5d6e/sync-status"],
        },
    ),
    "Link": (
        "Addresses of the pages beside this one (RFC 8288).",
        {**TEXT, "examples": ['</api/v1/advertisers?page=2>; rel="next"']},
    ),
    "X-Total-Count": (
        "How many there are in all.",
        {"type": "integer", "minimum": 0, "examples": [184]},
    ),
    "Preference-Applied": (
        "Which `Prefer` was heeded.",
        {**TEXT, "examples": ["wait=20"]},
    ),
    "Dry-Run": (
        "`true` where this was only tried out: nothing of it is there.",
        {**TEXT, "examples": ["true"]},
    ),
    "Idempotency-Replayed": (
        "`true` where this is the stored answer of an earlier request with the same key.",
        {**TEXT, "examples": ["true"]},
    ),
}
