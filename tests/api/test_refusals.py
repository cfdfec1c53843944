"""Whatever cannot be used, a script reads what to send instead: not the library's words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

import webapp
from tests import factories
from tests.api.scripts import Script
from webapp.api import refusals
from webapp.api.operation import OPERATIONS

ODD = (
    *(None, True, 0, 1, -1, 1.5, 10**30, -(10**30), 12345.678),
    *("", "x", "usd", "1" * 6_000, "\x00", "2026-13-01", "2026-01-01", "2026-01-01T00:00:00"),
    *("2026-01-01T25:00:00Z", "NaN", "1234567.891", "0.001"),
    *([], [1], ["x"], ["title"] * 6_000, {}, {"x": 1}),
)


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write"))


def models() -> set[type[BaseModel]]:
    """All that scripts send, with what stands in it."""
    found: set[type[BaseModel]] = set()
    waiting = [m for each in OPERATIONS.values() for m in (each.query, each.body) if m]
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.add(model)
            waiting += [m for f in model.model_fields.values() for m in named_in(f.annotation)]
    return found


def named_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from named_in(part)


def errors_of(model: type[BaseModel], sent: Any) -> list[Any]:
    found = []
    for read in (
        lambda: model.model_validate_json(json.dumps(sent)),
        lambda: model.model_validate(sent),
    ):
        try:
            read()
        except ValidationError as error:
            found += error.errors(include_url=False)
    return found


@pytest.mark.parametrize("model", sorted(models(), key=lambda m: m.__name__))
def test_every_kind_of_error_has_words(model):
    for name in (*(f.alias or n for n, f in model.model_fields.items()), "stranger"):
        for value in ODD:
            for found in [*errors_of(model, {name: value}), *errors_of(model, value)]:
                assert found["type"] in refusals.KINDS, (name, value, found["type"])
                words = refusals.words_of(found, is_argument=False)
                assert words.endswith("."), words
                assert "should" not in words, words


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"title": ""}, "Send at least 1 character."),
        ({"title": "x" * 256}, "This has 256; 255 characters at most."),
        ({"total_budget_currency": "usd"}, refusals.PATTERNS["^[A-Z]{3}$"]),
        ({"total_budget_cents": -1}, "Send 0 or more."),
        ({"total_budget_cents": "5"}, "Send a whole number."),
        ({"copy_needed": 1}, "Send true or false."),
        ({"advertiser_id": "x"}, "This is no id."),
        ({"stranger": 1}, "There is no such member here."),
        ({"advertiser_id": "999"}, "There is no such advertiser here: "),
        (
            {"total_budget_cents": 5, "total_budget_currency": "ZZZ"},
            "This is no currency that is in use.",
        ),
        ({"total_budget_cents": 5}, "Send the currency of the budget too, such as USD."),
        ({"total_budget_currency": "USD"}, refusals.NO_BUDGET),
        ({"total_budget_currency": "EUR", "total_budget_cents": None}, refusals.NO_BUDGET),
    ],
)
def test_what_is_wrong_with_a_campaign_is_said_in_a_script_s_words(script, sent, words):
    campaign = factories.campaign(budget=None)

    error = script.put(f"/campaigns/{campaign.uuid}", sent, 422)
    booking = {"title": "New", "advertiser_id": campaign.advertiser_id, **sent}

    assert error["errors"][0]["message"].startswith(words)
    assert script.post("/campaigns", booking, 422)["errors"] == error["errors"]


def test_a_choice_names_what_there_is(script):
    error = script.get("/campaigns?sort_order=up", 422)

    assert error["errors"] == [{"pointer": "?sort_order", "message": "Send asc or desc."}]


@pytest.mark.parametrize("words", refusals.TO_SCRIPTS)
def test_what_is_said_otherwise_is_said_somewhere(words):
    package = Path(webapp.__file__).parent
    texts = (path.read_text("utf-8") for path in package.rglob("*.py") if path.parent.name != "api")
    assert any(f'"{words}"' in text for text in texts)


@pytest.mark.parametrize("depth", [10, 900, 1500, 100_000])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/sync/campaigns", 422), ("/campaigns", 400), ("/sync/campaigns?key", 422)],
)
def test_what_is_nested_deeply_is_refused_like_anything_else(client, path, status, depth):
    if depth < 200 and path == "/campaigns":
        status = 422
    sent = "[" * depth + "]" * depth
    headers = {"Authorization": f"Bearer {factories.api_token('write sync')}"}
    if path.endswith("?key"):
        path, headers["Idempotency-Key"] = path.removesuffix("?key"), "k1"

    answer = client.post(
        f"/api/v1{path}", data=sent, content_type="application/json", headers=headers
    )

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("sent", ["", " ", "{}", " { } "])
def test_no_body_is_also_an_empty_object(client, sent):
    job = "/api/v1/outgoing/1/hold"
    headers = {"Authorization": f"Bearer {factories.api_token('write')}"}

    answer = client.post(job, data=sent, content_type="application/json", headers=headers)

    assert answer.status_code == 404
