"""Answers in the real service's shapes: bare JSON, plain-text 401, HTML for 5xx.

The shapes and how sure each is are listed in ``docs/sandbox.md``.
"""

from flask import Response

from webapp.sandbox.auth import CHALLENGE, DENIED
from webapp.sandbox.records import dump
from webapp.sandbox.rules import Errors

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NO_ACCESS = "User does not have access to object requested"

REASONS = {
    400: "Bad request",
    403: NO_ACCESS,
    404: "Not found",
    410: "Gone",
    422: "Validation failed",
    500: "We're sorry, but something went wrong.",
    502: "Bad Gateway",
    503: "Application error",
    504: "Gateway Timeout",
}
PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


def json_answer(body: object, status: int = 200) -> Response:
    """That value as JSON."""
    return text_answer(dump(body), status)


def text_answer(body: str, status: int = 200, content_type: str = JSON) -> Response:
    """That text, JSON unless said otherwise."""
    return Response(body, status=status, content_type=content_type)


def error(status: int, message: str = "") -> Response:
    """``{"error": "..."}``."""
    return json_answer({"error": message or REASONS.get(status, "Error")}, status)


def denied() -> Response:
    """401 as recorded: plain text that claims to be HTML, with a challenge."""
    answer = text_answer(DENIED, 401, HTML)
    answer.headers["WWW-Authenticate"] = CHALLENGE
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def too_many(retry_after: str | None) -> Response:
    """429; Retry-After only when it is switched on."""
    answer = text_answer("Retry later\n", 429, TEXT)
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    return answer


def invalid(errors: Errors, shape: str, status: int = 422) -> Response:
    """What is wrong with a write, in one of the three shapes seen in the wild elsewhere."""
    sentences = [f"{words(name)} {text}" for name, texts in errors.items() for text in texts]
    if shape == "fields":
        return json_answer({"errors": errors}, status)
    if shape == "list":
        return json_answer({"errors": sentences}, status)
    return error(status, f"Validation failed: {', '.join(sentences)}")


def words(name: str) -> str:
    """``totalBudgetCents`` as ``Total budget cents``."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced[:1].upper() + spaced[1:]


def refusal(status: int, shape: str, message: str, retry_after: str | None) -> Response:
    """Any failing status in any shape; an empty shape is the one that belongs to the status."""
    if not shape and status in (401, 429):
        return denied() if status == 401 else too_many(retry_after)
    answer = _shaped(status, shape or ("html" if status >= 500 else "error"), message)
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    return answer


def _shaped(status: int, shape: str, message: str) -> Response:
    text = message or REASONS.get(status, "Error")
    if shape == "html":
        return text_answer(PAGE.format(text), status, HTML)
    if shape == "text":
        return text_answer(f"{text}\n", status, TEXT)
    if shape == "empty":
        return text_answer("", status, HTML)
    if shape == "error":
        return error(status, message)
    return invalid({"title": [message or "is invalid"]}, shape, status)
