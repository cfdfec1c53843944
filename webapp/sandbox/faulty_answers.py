"""Faults around an answer: another answer instead, a spoiled one, or a spoiled delivery."""

from collections.abc import Callable

from flask import Response

from webapp.sandbox import answers, vendor
from webapp.sandbox.delivery import Delivery
from webapp.sandbox.faults import Options, Rule
from webapp.sandbox.standin import Standin

MEGABYTE = 1024 * 1024


def before(rules: list[Rule], delivery: Delivery, standin: Standin) -> Response | None:
    """Answers given instead of the real one, so that no write takes effect; the first wins."""
    found: Response | None = None
    for rule in rules:
        if rule.action in _EFFECTS:
            _EFFECTS[rule.action](rule.options, delivery, standin)
        if rule.action in _INSTEAD and found is None:
            found = _INSTEAD[rule.action](rule.options, delivery, standin)
    return found


def after(answer: Response, rules: list[Rule], delivery: Delivery) -> Response:
    """Spoil an answer that was made in earnest."""
    for rule in rules:
        if rule.action in _AFTER:
            _AFTER[rule.action](answer, rule.options, delivery)
    return answer


# Before


def _status(options: Options, delivery: Delivery, standin: Standin) -> Response:
    shape = options["shape"]
    if options["status"] == 422 and not shape:
        shape = standin.settings.validation_shape
    return answers.refusal(options["status"], shape, options["message"], options["retry_after"])


def _answer(options: Options, delivery: Delivery, standin: Standin) -> Response:
    answer = answers.text_answer(options["body"], options["status"])
    for name, value in options["headers"].items():
        answer.headers[name] = value or ""
    return answer


def _empty_list(options: Options, delivery: Delivery, standin: Standin) -> Response:
    answer = answers.text_answer("[]")
    answer.headers.update({"X-Total": "0", "X-Per-Page": "100", "X-Page": "1"})
    return answer


def _retired(options: Options, delivery: Delivery, standin: Standin) -> Response:
    if options["as"] == "empty":
        return _empty_list(options, delivery, standin)
    return answers.error(int(options["as"]))


def _cut_before(options: Options, delivery: Delivery, standin: Standin) -> Response:
    delivery.cut, delivery.reset = True, options["reset"]
    return Response(status=499)


def _silence(options: Options, delivery: Delivery, standin: Standin) -> Response | None:
    delivery.silence = options["seconds"]
    return Response(status=499) if options["apply"] == "never" else None


def _vendor(options: Options, delivery: Delivery, standin: Standin) -> None:
    vendor.churn(standin.state, vendor.Churn(**options), path="fault")


def _slow(options: Options, delivery: Delivery, standin: Standin) -> Response | None:
    if options["apply"] == "last":
        delivery.hold(options["seconds"])
    else:
        delivery.delay += options["seconds"]
    return answers.refusal(503, "", "", None) if options["apply"] == "never" else None


_EFFECTS: dict[str, Callable[[Options, Delivery, Standin], None]] = {"vendor": _vendor}
_INSTEAD: dict[str, Callable[[Options, Delivery, Standin], Response | None]] = {
    "status": _status,
    "answer": _answer,
    "empty_list": _empty_list,
    "retired": _retired,
    "cut_before_apply": _cut_before,
    "silence": _silence,
    "slow": _slow,
}


# After


def _cut_after(answer: Response, options: Options, delivery: Delivery) -> None:
    delivery.cut, delivery.reset = True, options["reset"]


def _truncate(answer: Response, options: Options, delivery: Delivery) -> None:
    if options["honest"]:
        body = answer.get_data()
        answer.set_data(body[: int(len(body) * options["share"])])
    else:
        delivery.keep = options["share"]


def _html(answer: Response, options: Options, delivery: Delivery) -> None:
    answer.set_data(answers.PAGE.format("Sign in"))
    answer.status_code = 200
    answer.content_type = answers.HTML


def _empty_body(answer: Response, options: Options, delivery: Delivery) -> None:
    answer.set_data(b"")


def _dribble(answer: Response, options: Options, delivery: Delivery) -> None:
    delivery.rate, delivery.slow_head = options["bytes_per_second"], options["head"]


def _huge_body(answer: Response, options: Options, delivery: Delivery) -> None:
    delivery.padding, delivery.sized = options["megabytes"] * MEGABYTE, options["sized"]


_AFTER: dict[str, Callable[[Response, Options, Delivery], None]] = {
    "cut_after_apply": _cut_after,
    "truncate": _truncate,
    "html": _html,
    "empty_body": _empty_body,
    "dribble": _dribble,
    "huge_body": _huge_body,
}
