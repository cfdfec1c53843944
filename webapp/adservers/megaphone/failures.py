"""From what came back to the error that says what to do: one decision per kind of answer.

The rule for writes is that only proof counts. Nothing left: ``Unreachable``. A 4xx status arrived:
it was refused, whatever became of the body. Anything else, a redirect included, is
``OutcomeUnknown``.
"""

from collections.abc import Mapping
from typing import TypedDict

from webapp.adservers.errors import (
    AGAIN,
    AdServerError,
    AuthFailed,
    ContractChanged,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    Unreachable,
)
from webapp.adservers.megaphone.calls import Call
from webapp.adservers.megaphone.refusals import Reasons, reasons, request_id, retry_after
from webapp.core.clock import Clock
from webapp.core.http import Answer, AnswerLost, HttpFailure


class Known(TypedDict):
    """What every error carries of the answer."""

    status: int | None
    request_id: str | None


LOOK_FIRST = "Flightdeck looks whether the change arrived before it sends anything again."
ASK_ADMIN = "Syncing waits until this is settled; nothing here was changed."


def known_of(status: int | None, headers: Mapping[str, str], secret: str) -> Known:
    return {"status": status, "request_id": request_id(headers, secret)}


def from_lost(call: Call, failure: HttpFailure, secret: str, clock: Clock) -> AdServerError:
    """No whole answer."""
    if not isinstance(failure, AnswerLost):
        return Unreachable(f"Megaphone {failure}. Nothing was sent. {AGAIN}")
    if failure.status is not None and _tells_all(failure.status):
        stump = Answer(failure.status, failure.headers, b"", failure.received)
        return from_answer(call, stump, secret, clock)
    known = known_of(failure.status, failure.headers, secret)
    if call.writes:
        return OutcomeUnknown(f"Megaphone {failure}. {LOOK_FIRST}", **known)
    return Unavailable(f"Megaphone {failure}. {AGAIN}", **known)


def _tells_all(status: int) -> bool:
    """Whether the status alone says that the request was refused."""
    return 400 <= status < 500 and status != 408


def from_answer(call: Call, answer: Answer, secret: str, clock: Clock) -> AdServerError:
    """A whole answer that is no success."""
    status = answer.status
    known = known_of(status, answer.headers, secret)
    if not _tells_all(status):
        return _without_verdict(call, status, known)
    if status == 401:
        return AuthFailed(
            f"Megaphone did not accept the API token (401). Enter a valid one. {ASK_ADMIN}", **known
        )
    if status == 429:
        return _slow_down(retry_after(answer.headers, clock), known)
    said = reasons(answer, secret)
    if status == 403:
        return PermissionDenied(
            f"Megaphone does not allow this API token to use this {call.about} (403)"
            f"{_quoted(said)}. Give its user the needed role. {ASK_ADMIN}",
            **known,
        )
    if status in {404, 410}:
        return _missing(call, status, said, known)
    return _refused(call, status, said, known)


def _without_verdict(call: Call, status: int, known: Known) -> AdServerError:
    if 300 <= status < 400:
        words = f"Megaphone answered with a redirect ({status}), which it never should"
    elif status == 408:
        words = "Megaphone gave up waiting for the request (408)"
    else:
        words = f"Megaphone has a problem of its own ({status})"
    if call.writes:
        return OutcomeUnknown(f"{words}. {LOOK_FIRST}", **known)
    if 300 <= status < 400:
        return ContractChanged(f"{words}. {ASK_ADMIN}", **known)
    return Unavailable(f"{words}. {AGAIN}", **known)


def _slow_down(seconds: float | None, known: Known) -> RateLimited:
    wait = "a few seconds" if seconds is None else f"{seconds:.0f} seconds"
    return RateLimited(
        f"Megaphone asks for fewer requests (429). Flightdeck waits {wait} and goes on by itself.",
        seconds,
        **known,
    )


def _missing(call: Call, status: int, said: Reasons, known: Known) -> AdServerError:
    if not call.collection:
        return NotFound(
            f"Megaphone does not have this {call.about} ({status}). "
            "It was deleted there, or the API token may no longer see it.",
            **known,
        )
    # Rails looks up a named parent and answers 404 when it is the parent that is missing.
    if call.writes and "advertiser" in said.text.lower():
        said = Reasons(said.text, {"advertiser_id": "Megaphone does not have this advertiser."})
        return _refused(call, status, said, known)
    return ContractChanged(
        f"Megaphone's {call.about} is not where it was ({status}). The address or the organisation "
        f"is wrong, or Megaphone retired this interface. {ASK_ADMIN}",
        **known,
    )


def _refused(call: Call, status: int, said: Reasons, known: Known) -> Rejected:
    if not call.writes:
        words = f"Megaphone refused to show its {call.about} ({status}){_quoted(said)}. {ASK_ADMIN}"
    elif said.text:
        words = f"Megaphone refused this ({status}){_quoted(said)}. Correct it and save again."
    else:
        words = (
            f"Megaphone refused this ({status}) and gave no reason that can be read. "
            "Check the values and save again."
        )
    return Rejected(words, said.fields, **known)


def _quoted(said: Reasons) -> str:
    return f": {said.text.rstrip('.')}" if said.text else ""


def unreadable(call: Call, answer: Answer, secret: str, *, html: bool) -> AdServerError:
    """A success without the JSON that was promised."""
    known = known_of(answer.status, answer.headers, secret)
    if html:
        words = "Megaphone answered with a web page instead of data"
    elif not answer.body.strip():
        words = "Megaphone's answer was empty"
    else:
        words = "Megaphone's answer broke off or was garbled"
    if call.writes:
        return OutcomeUnknown(f"{words}. {LOOK_FIRST}", **known)
    if html:
        return ContractChanged(f"{words}. {ASK_ADMIN}", **known)
    return Unavailable(f"{words}. {AGAIN}", **known)


def misshapen(call: Call, known: Known) -> AdServerError:
    """A success with JSON of another shape than promised."""
    words = f"Megaphone answered with something other than its {call.about}"
    if call.writes:
        return OutcomeUnknown(f"{words}. {LOOK_FIRST}", **known)
    return ContractChanged(f"{words}. {ASK_ADMIN}", **known)
