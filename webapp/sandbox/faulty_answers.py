"""Faults around an answer: another answer instead, a spoiled one, or a spoiled delivery."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response

from webapp.sandbox import answers, vendor
from webapp.sandbox.delivery import Delivery
from webapp.sandbox.faults import Options, Rule
from webapp.sandbox.standin import Standin

MEGABYTE = 1024 * 1024
# In the log of requests: nothing was applied and no answer made.
UNANSWERED = 499


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action may look at and change before there is an answer."""

    options: Options
    delivery: Delivery
    standin: Standin


@dataclass(frozen=True, slots=True)
class Finish:
    """What an action may spoil once there is an answer."""

    answer: Response
    options: Options
    delivery: Delivery


def before(rules: list[Rule], delivery: Delivery, standin: Standin) -> Response | None:
    """Answers given instead of the real one, so that no write takes effect; the first wins."""
    found: Response | None = None
    for rule in rules:
        if rule.action in _BEFORE:
            answer = _BEFORE[rule.action](Scene(rule.options, delivery, standin))
            found = found or answer
    return found


def after(answer: Response, rules: list[Rule], delivery: Delivery) -> Response:
    """Spoil an answer that was made in earnest."""
    for rule in rules:
        if rule.action in _AFTER:
            _AFTER[rule.action](Finish(answer, rule.options, delivery))
    return answer


def _status(scene: Scene) -> Response:
    shape = scene.options["shape"]
    if scene.options["status"] == 422 and not shape:
        shape = scene.standin.settings.validation_shape
    return answers.refusal(
        scene.options["status"], shape, scene.options["message"], scene.options["retry_after"]
    )


def _answer(scene: Scene) -> Response:
    answer = answers.text_answer(scene.options["body"], scene.options["status"])
    for name, value in scene.options["headers"].items():
        answer.headers[name] = value or ""
    return answer


def _empty_list(_: Scene) -> Response:
    answer = answers.text_answer("[]")
    answer.headers.update({"X-Total": "0", "X-Per-Page": "100", "X-Page": "1"})
    return answer


def _retired(scene: Scene) -> Response:
    if scene.options["as"] == "empty":
        return _empty_list(scene)
    return answers.error(int(scene.options["as"]))


def _cut_before(scene: Scene) -> Response:
    scene.delivery.cut, scene.delivery.reset = True, scene.options["reset"]
    return _unanswered()


def _silence(scene: Scene) -> Response | None:
    seconds, apply = scene.options["seconds"], scene.options["apply"]
    scene.delivery.silence = 0.0 if apply == "last" else seconds
    if apply == "last" and not scene.delivery.hold(seconds):
        return None
    return None if apply == "first" else _unanswered()


def _slow(scene: Scene) -> Response | None:
    seconds, apply = scene.options["seconds"], scene.options["apply"]
    if apply == "last":
        return _unanswered() if scene.delivery.hold(seconds) else None
    scene.delivery.delay += seconds
    return answers.refusal(503, "", "", None) if apply == "never" else None


def _vendor(scene: Scene) -> None:
    vendor.churn(scene.standin.state, vendor.Churn(**scene.options), path="fault")


def _unanswered() -> Response:
    return Response(status=UNANSWERED)


_BEFORE: dict[str, Callable[[Scene], Response | None]] = {
    "vendor": _vendor,
    "status": _status,
    "answer": _answer,
    "empty_list": _empty_list,
    "retired": _retired,
    "cut_before_apply": _cut_before,
    "silence": _silence,
    "slow": _slow,
}


def _cut_after(end: Finish) -> None:
    end.delivery.cut, end.delivery.reset = True, end.options["reset"]


def _truncate(end: Finish) -> None:
    if end.options["honest"]:
        body = end.answer.get_data()
        end.answer.set_data(body[: int(len(body) * end.options["share"])])
    else:
        end.delivery.keep = end.options["share"]


def _html(end: Finish) -> None:
    end.answer.set_data(answers.PAGE.format("Sign in"))
    end.answer.status_code = 200
    end.answer.content_type = answers.HTML


def _empty_body(end: Finish) -> None:
    end.answer.set_data(b"")


def _dribble(end: Finish) -> None:
    end.delivery.rate, end.delivery.slow_head = end.options["bytes_per_second"], end.options["head"]


def _huge_body(end: Finish) -> None:
    end.delivery.padding, end.delivery.sized = (
        end.options["megabytes"] * MEGABYTE,
        end.options["sized"],
    )


_AFTER: dict[str, Callable[[Finish], None]] = {
    "cut_after_apply": _cut_after,
    "truncate": _truncate,
    "html": _html,
    "empty_body": _empty_body,
    "dribble": _dribble,
    "huge_body": _huge_body,
}
