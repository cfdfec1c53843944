"""One operation of the API: its address, who may, what it takes, what it answers.

The declaration is the documentation (:mod:`webapp.api.openapi`) and what is enforced: arguments and
bodies are read into the declared models before the function is called.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from werkzeug.datastructures import MultiDict

from webapp.api import answers, refusals, trying
from webapp.api.blueprint import blueprint
from webapp.auth.access import requires
from webapp.auth.permissions import PERMISSION_OF, Scope
from webapp.web.problems import FieldError, Problem


@dataclass(frozen=True)
class Operation:
    """What is known of one operation. ``answers`` maps a status to the model of its body."""

    id: str
    method: str
    rule: str
    scope: Scope
    tag: str
    summary: str
    description: str
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answers: Mapping[int, Any]
    errors: frozenset[str]
    example: Mapping[str, Any] | None
    headers: frozenset[str] = frozenset()
    answer_headers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Declaration:
    """The rest of an operation, beside its address: see :class:`Operation`.

    ``errors`` are codes of :mod:`webapp.web.problems` beside those that every operation has;
    ``headers`` names request headers it heeds, ``answer_headers`` those of its good answers.
    """

    scope: Scope
    tag: str
    summary: str
    answers: Mapping[int, Any]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    errors: frozenset[str] = field(default_factory=frozenset)
    example: Mapping[str, Any] | None = None
    headers: frozenset[str] = frozenset()
    answer_headers: frozenset[str] = frozenset()


OPERATIONS: dict[str, Operation] = {}

View = Callable[..., ResponseReturnValue]


def operation(method: str, rule: str, declared: Declaration) -> Callable[[View], View]:
    """Serve the function at ``method`` and ``rule``, which lies below ``/api/v1``.

    It is called with the parts of its address, and with ``query`` and ``body`` where those are
    declared. Its docstring is the operation's description.
    """

    def mark(view: View) -> View:
        made = Operation(
            id=view.__name__,
            method=method,
            rule=rule,
            description=inspect.getdoc(view) or "",
            **{name: getattr(declared, name) for name in declared.__dataclass_fields__},
        )

        @requires(PERMISSION_OF[declared.scope])
        @wraps(view)
        def serve(**parts: Any) -> ResponseReturnValue:
            if made.query is not None:
                parts["query"] = _read_query(made.query)
            else:
                _no_arguments()
            trying.begin(is_dry_run=getattr(parts.get("query"), trying.ARGUMENT, False))
            if made.body is not None:
                parts["body"] = _read_body(made.body)
            elif made.method != "GET":
                _no_body()
            kept = answers.begin()
            return view(**parts) if kept is None else kept

        OPERATIONS[made.id] = made
        # The older service took addresses with a slash behind them too.
        blueprint.add_url_rule(
            served_at(rule), made.id, serve, methods=[method], strict_slashes=False
        )
        return view

    return mark


def served_at(rule: str) -> str:
    """The rule as it is matched: ``/campaigns/bulk`` is no campaign."""
    return rule.replace("<uuid>", "<string(length=36):uuid>")


def _read_query(model: type[BaseModel]) -> BaseModel:
    return _validated(model, _once(request.args), "?")


def _once(arguments: MultiDict[str, str]) -> dict[str, str]:
    twice = [name for name, values in arguments.lists() if len(values) > 1]
    if twice:
        raise Problem("invalid", errors=[FieldError(f"?{n}", "Give it once.") for n in twice])
    return arguments.to_dict()


def _no_arguments() -> None:
    if request.args:
        unknown = [FieldError(f"?{name}", refusals.NO_ARGUMENT) for name in request.args]
        raise Problem("invalid", errors=unknown)


def _no_body() -> None:
    """An empty object is none either."""
    sent = request.get_data().strip()
    if sent and not (request.is_json and _is_empty(sent)):
        raise Problem("invalid", "This takes no body.")


def _is_empty(sent: bytes) -> bool:
    try:
        # Python's own parser fails at what is nested deeply, with an error that is ours then.
        return bool(from_json(sent) == {})
    except ValueError:
        return False


def _read_body(model: type[BaseModel]) -> BaseModel:
    if not request.is_json:
        raise Problem("not_json", "Send JSON, with “Content-Type: application/json”.")
    return _validated(model, request.get_data(), "/")


def _validated(model: type[BaseModel], given: Any, mark: str) -> BaseModel:
    try:
        if isinstance(given, bytes):
            return model.model_validate_json(given or b"null")
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if any(each["type"] == "json_invalid" for each in found):
            raise Problem("bad_request", "The body is not valid JSON.") from None
        errors = [
            FieldError(
                mark + "/".join(str(part) for part in each["loc"]),
                refusals.words_of(each, is_argument=mark == "?"),
            )
            for each in found
        ]
        raise Problem("invalid", errors=errors) from None
