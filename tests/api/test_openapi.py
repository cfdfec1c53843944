"""The OpenAPI document: valid, complete, the one that is committed, and true in its examples."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from webapp.api import examples, explained, postman
from webapp.api.openapi import PREFIX, document, document_text, path_of
from webapp.api.openapi_answers import errors_of
from webapp.api.openapi_words import ANSWER_HEADERS, PARTS, REQUEST_HEADERS, TAGS
from webapp.api.operation import OPERATIONS, served_at
from webapp.web.problems import CODES

DOCS = Path(__file__).parents[2] / "docs" / "api"
WITH_BODY = [each for each in OPERATIONS.values() if each.body is not None]
RENEW = "it is not what the application says: renew it with “flask --app wsgi api {}”"


def each_operation():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def validator(schema):
    """For a schema of the document, which refers to its components."""
    return Draft202012Validator(
        {**schema, "components": document()["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def contents(operation):
    """Every body and answer of an operation: where, its schema, its examples."""
    if "requestBody" in operation:
        yield "body", operation["requestBody"]["content"]
    for status, answer in operation["responses"].items():
        name = answer.get("$ref", "").rpartition("/")[2]
        found = document()["components"]["responses"][name] if name else answer
        if "content" in found:
            yield status, found["content"]


def test_the_document_is_valid():
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


@pytest.mark.parametrize("word", ["ge", "le", "gt", "lt"])
def test_limits_are_said_in_words_of_json_schema(word):
    assert f'"{word}":' not in document_text()


def test_it_holds_every_operation_and_nothing_else():
    told = {name for name, _ in each_operation()}
    assert told == {f"{each.method} {path_of(each)}" for each in OPERATIONS.values()}


def test_every_route_of_the_api_is_an_operation(app):
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(each.method, PREFIX + served_at(each.rule)) for each in OPERATIONS.values()}


def test_anybody_may_fetch_it_and_need_not_fetch_it_again(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.text == document_text()
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data


def test_the_committed_document_is_the_running_one():
    assert (DOCS / "openapi.json").read_text() == document_text(), RENEW.format("document")


def test_the_committed_collection_is_the_running_one(client):
    text = (DOCS / "postman.json").read_text()
    assert text == postman.collection_text(), RENEW.format("postman")
    assert client.get("/api/v1/postman.json").text == text


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda each: each.id)
def test_an_operation_says_all_there_is_to_say(operation):
    described = document()["paths"][path_of(operation)][operation.method.lower()]

    assert operation.tag in TAGS
    assert operation.summary
    assert operation.description
    assert operation.errors <= CODES.keys()
    assert operation.headers <= REQUEST_HEADERS.keys()
    assert operation.answer_headers <= ANSWER_HEADERS.keys()
    assert described["security"] == [{"token": [operation.scope.value]}]
    assert f"scope `{operation.scope.value}`" in described["description"]
    for parameter in described["parameters"]:
        assert parameter.get("description"), parameter["name"]
    good = {str(status) for status in operation.answers}
    bad = {str(CODES[code].status) for code in errors_of(operation)}
    assert set(described["responses"]) - {"304"} == good | bad


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda each: each.id)
def test_every_body_and_answer_has_an_example_that_its_schema_allows(operation):
    described = document()["paths"][path_of(operation)][operation.method.lower()]
    for where, content in contents(described):
        for media in content.values():
            shown = [media["example"]] if "example" in media else []
            shown += [each["value"] for each in media.get("examples", {}).values()]
            assert shown, where
            for example in shown:
                validator(media["schema"]).validate(example)
                assert examples.UNKNOWN not in _texts(example), f"{where}: {example}"


def _texts(value):
    """Every text in it, so that one that says nothing is seen."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda each: each.id)
def test_the_model_itself_reads_the_example_of_a_body(operation):
    described = document()["paths"][path_of(operation)][operation.method.lower()]
    example = described["requestBody"]["content"]["application/json"]["example"]
    assert operation.body.model_validate_json(json.dumps(example)).model_fields_set


def test_every_code_is_explained():
    assert explained.EXPLAINED.keys() == CODES.keys()
    for code in CODES:
        assert explained.example_of(code)["detail"]


def test_every_part_of_an_address_is_described():
    parts = {
        each["name"]: each
        for _, operation in each_operation()
        for each in operation["parameters"]
        if each["in"] == "path"
    }
    assert {name for name in parts if not name.endswith("_id")} <= PARTS.keys()
