"""The models of bodies, arguments and answers as JSON Schema, as OpenAPI 3.1 takes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from webapp.api.examples import PREFIX
from webapp.api.openapi_words import ARGUMENTS
from webapp.api.operation import Operation
from webapp.api.schemas.problem import Problem

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]


@dataclass(frozen=True, slots=True)
class Schemas:
    """``named`` are the components; the others say where an operation's own are among them."""

    named: dict[str, Schema]
    bodies: dict[str, Schema]
    answers: dict[tuple[str, int], Schema]
    arguments: dict[str, Schema]


def schemas_of(operations: Iterable[Operation]) -> Schemas:
    """All of them at once, so that a model that is used twice is there once."""
    wanted: dict[tuple[str, str, int], tuple[Mode, Any]] = {("problem", "", 0): _answer(Problem)}
    for each in operations:
        if each.body is not None:
            wanted["body", each.id, 0] = ("validation", each.body)
        if each.query is not None:
            wanted["query", each.id, 0] = ("validation", each.query)
        for status, model in each.answers.items():
            if model is not None:
                wanted["answer", each.id, status] = _answer(model)
    found, definitions = TypeAdapter.json_schemas(
        [(key, mode, TypeAdapter(model)) for key, (mode, model) in wanted.items()],
        ref_template=PREFIX + "{model}",
    )
    named = {name: _plain(schema) for name, schema in definitions.get("$defs", {}).items()}
    placed = {key: _plain(schema) for (key, _), schema in found.items()}
    arguments = {op: _resolved(s, named) for (kind, op, _), s in placed.items() if kind == "query"}
    _forget_queries(placed, named)
    return Schemas(
        named=named,
        bodies={op: s for (kind, op, _), s in placed.items() if kind == "body"},
        answers={(op, status): s for (kind, op, status), s in placed.items() if kind == "answer"},
        arguments=arguments,
    )


def parameters(query: Mapping[str, Any]) -> list[Schema]:
    """The members of a query's model as parameters of an address."""
    needed = query.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            "description": schema.get("description") or ARGUMENTS.get(name, ""),
            "schema": _in_address(schema),
        }
        for name, schema in query.get("properties", {}).items()
    ]


def _answer(model: Any) -> tuple[Mode, Any]:
    return ("serialization", model)


def _resolved(schema: Schema, named: Mapping[str, Schema]) -> Schema:
    reference = schema.get("$ref")
    return named[str(reference).removeprefix(PREFIX)] if reference else schema


def _forget_queries(placed: Mapping[Any, Schema], named: dict[str, Schema]) -> None:
    """Arguments are listed one by one: nothing refers to their models."""
    for (kind, _, _), schema in placed.items():
        if kind == "query" and "$ref" in schema:
            named.pop(str(schema["$ref"]).removeprefix(PREFIX), None)


def _in_address(schema: Schema) -> Schema:
    """What is left out of an address is not there: ``null`` cannot be said in one."""
    kept = {key: value for key, value in schema.items() if key != "description"}
    if kept.get("default", "") is None:
        del kept["default"]
    choices = [each for each in kept.get("anyOf", []) if each.get("type") != "null"]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def _plain(schema: Any) -> Any:
    """Without the titles that only say a member's name again; docstrings' marks as Markdown's."""
    if isinstance(schema, str):
        return schema.replace("``", "`")
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _plain(each) for name, each in value.items()}
        if key == "properties"
        else _plain(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
