"""Answers to requests with an ``Idempotency-Key``: made once, and given again for 24 hours.

A request claims its key before anything is done for it. If it dies, the claim runs out, and the
next one with the key does the same wish (:func:`webapp.api.keys.intent_key`) again.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, g, request
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from webapp.api import keys, trying
from webapp.api.access import current_token
from webapp.api.models import ApiAnswer
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.web.problems import Problem

KEPT = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
# Neither says anything of the wish itself. What we failed at (500 and more) is not kept either.
NOT_KEPT = (401, 403, 429)
HEADERS = ("Content-Type", "Location", "ETag")
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request is at work on, until then."""

    answer_id: int
    until: datetime


def begin() -> Response | None:
    """Claim the key of this request, if it has one; the answer when there is one already.

    Called when the request was read and can be used, before anything is done. Raises ``Problem``.
    """
    key = keys.sent_key()
    g.pop("api_wish", None)
    # To try something out is no wish: the key is left for the real request.
    if key is None or trying.is_dry_run():
        return None
    now = utc_now()
    with transaction():
        answer = _claimed(key, _digest(), now)
        if answer.finished_at:
            return _again(answer)
        g.api_claim = Claim(answer.id, answer.claimed_until)
        g.api_wish = f"{answer.token_id} {answer.created_at.isoformat()} {request.path} {key}"
    return None


def keep(response: Response) -> None:
    """Keep the answer for whoever asks again, or give the key back when it is not to be kept."""
    claim: Claim | None = g.pop("api_claim", None)
    if claim is None:
        return
    is_kept = response.status_code < 500 and response.status_code not in NOT_KEPT
    # Of a claim that ran out and was taken by another request, that one's answer counts.
    ours = (
        ApiAnswer.id == claim.answer_id,
        ApiAnswer.claimed_until == claim.until,
        ApiAnswer.finished_at.is_(None),
    )
    db.session.rollback()
    with transaction():
        values = _values(response) if is_kept else {"claimed_until": utc_now()}
        db.session.execute(update(ApiAnswer).where(*ours).values(values))


def delete_old(now: datetime) -> int:
    """Delete answers that are given no more; returns how many."""
    result = db.session.execute(delete(ApiAnswer).where(ApiAnswer.created_at <= now - KEPT))
    return int(getattr(result, "rowcount", 0))


def _claimed(key: str, digest: str, now: datetime) -> ApiAnswer:
    """This request's key: ours from now on, unless it is finished. Raises ``Problem``."""
    token_id = current_token().id
    new = ApiAnswer(
        token_id=token_id, key=key, digest=digest, created_at=now, claimed_until=now + CLAIM
    )
    try:
        with db.session.begin_nested():
            db.session.add(new)
    except IntegrityError:
        query = select(ApiAnswer).where(ApiAnswer.token_id == token_id, ApiAnswer.key == key)
        return _taken_over(db.session.scalars(query.with_for_update()).one(), digest, now)
    return new


def _taken_over(answer: ApiAnswer, digest: str, now: datetime) -> ApiAnswer:
    if answer.created_at <= now - KEPT:
        answer.digest, answer.created_at, answer.finished_at = digest, now, None
        answer.status = answer.headers = answer.body = None
    elif answer.digest != digest:
        words = "This key came with another method, address or body. Use a new key."
        raise Problem("key_reused", words)
    elif answer.finished_at:
        return answer
    elif answer.claimed_until > now:
        raise Problem("still_running", headers={"Retry-After": "1"})
    answer.claimed_until = now + CLAIM
    db.session.flush()
    return answer


def _digest() -> str:
    """Of all that says what is wanted; a slash behind the address does not."""
    path = request.path.rstrip("/")
    parts = (request.method.encode(), path.encode(), request.query_string)
    return hashlib.sha256(b"\0".join((*parts, request.get_data()))).hexdigest()


def _values(response: Response) -> dict[str, object]:
    return {
        "finished_at": utc_now(),
        "status": response.status_code,
        "headers": {n: response.headers[n] for n in HEADERS if n in response.headers},
        "body": response.get_data(as_text=True),
    }


def _again(answer: ApiAnswer) -> Response:
    headers = {**(answer.headers or {}), REPLAYED: "true"}
    return Response(answer.body, answer.status, headers)
