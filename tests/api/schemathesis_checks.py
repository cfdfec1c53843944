"""Checks of ours beside Schemathesis's own; its command line loads this file."""

from collections.abc import Callable
from typing import Any

import schemathesis
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from tests.api import contract
from webapp.api.operation import OPERATIONS


@schemathesis.check
def what_the_document_allows_is_read(_context: Any, response: Any, case: Any) -> None:
    """Values that the schema allows may be refused for what they mean, never for their form.

    An id may be of nothing, a search may have no sense: Schemathesis cannot know, and is told to
    take 422 for that. So the models must have read what was sent, but for rules that they state in
    words, and for blanks around a text, which count for nothing.
    """
    if response.status_code != 422 or not case.meta.generation.mode.is_positive:
        return
    path = response.request.url.partition("?")[0].partition("/api/v1")[2]
    try:
        name, _ = contract.addresses().bind("").match(f"/api/v1{path}", case.method)
    except HTTPException:
        return
    operation = OPERATIONS[name]
    refused = []
    if operation.query is not None:
        refused += _refused(operation.query.model_validate, case.query or {})
    if operation.body is not None:
        refused += _refused(operation.body.model_validate_json, response.request.body)
    assert not refused, f"the document allows it: {refused}"


def _refused(read: Callable[[Any], object], sent: Any) -> list[Any]:
    try:
        read(sent)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        # Where there is a choice of types, each of them says why not.
        meant = {each["loc"][:1] for each in found if _is_about_meaning(each)}
        return [each for each in found if each["loc"][:1] not in meant]
    return []


def _is_about_meaning(error: Any) -> bool:
    text, kind = error["input"], error["type"]
    is_blank = isinstance(text, str) and text != text.strip()
    # How many decimals a number may have cannot be said in JSON Schema without rounding.
    return (
        kind == "value_error" or kind.startswith("decimal_") or ("too_short" in kind and is_blank)
    )
