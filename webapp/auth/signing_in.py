"""From a password that was right to a session: the second factor asked for, a new id, the way on.

Between the two the browser's cookie says whose password was right, for a few minutes.
"""

from datetime import datetime, timedelta
from typing import Literal

import structlog
from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user

from webapp.auth import kept, queries, second_factor, sessions
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import transaction

How = Literal["password", "elsewhere", "invitation"]

PENDING_FOR = timedelta(minutes=10)
PENDING = "pending"

log = structlog.get_logger()


def begin(
    operator: Operator, target: str, typed: str | None, *, how: How = "password"
) -> ResponseReturnValue:
    """They are who they say: sign them in, or ask for what else is needed first."""
    stage = second_factor.stage(operator)
    if stage == "none":
        return finish(operator, target, typed)
    _empty_cookie()
    session[PENDING] = {
        "operator": operator.id,
        "at": utc_now().isoformat(),
        "how": how,
        "password": _set_at(operator),
    }
    address = url_for("auth.code" if stage == "code" else "auth.enrol", next=target)
    if typed:
        return render_template("auth/one_more_step.html", action=address, kept=typed)
    return redirect(address)


def pending(now: datetime | None = None) -> Operator | None:
    """Whose password was right a few minutes ago, in this browser."""
    found = session.get(PENDING)
    if not isinstance(found, dict):
        return None
    at = datetime.fromisoformat(found["at"])
    if at + PENDING_FOR <= (now or utc_now()):
        return None
    operator = queries.get_operator(found["operator"])
    if operator is None or not operator.active:
        return None
    # Given another password since, they begin anew: the one that was right may be a thief's.
    return operator if found.get("password") == _set_at(operator) else None


def finish(operator: Operator, target: str, typed: str | None) -> ResponseReturnValue:
    """Begin their session, with a new id, and send them on."""
    now = utc_now()
    with transaction():
        if sessions.standing():
            sessions.end(sessions.current())
        operator.last_sign_in_at = now
        secret = sessions.begin(
            operator, address=address_here(), agent=str(request.user_agent), now=now
        )
    put_into_cookie(operator, secret)
    log.info("signed_in", operator_id=operator.id)
    return go_on(target, typed)


def put_into_cookie(operator: Operator, secret: str) -> None:
    """From here on this browser is theirs. What its cookie said before is forgotten."""
    _empty_cookie()
    login_user(operator)
    # What finds the session again; the operator's number would outlive it.
    session["_user_id"] = secret


def go_on(target: str, typed: str | None, *, again: str = "signed in") -> ResponseReturnValue:
    """To where someone wanted to go, with what they had typed there."""
    found = kept.read(typed) if typed else None
    if found:
        return render_template("auth/go_on.html", kept=found, again=again)
    if typed:
        flash("What you had typed was more than an hour old and was not kept.", "warn")
    return redirect(target)


def address_here() -> str:
    """Where the request comes from."""
    return request.remote_addr or "unknown"


def _set_at(operator: Operator) -> str | None:
    return operator.password_set_at.isoformat() if operator.password_set_at else None


def _empty_cookie() -> None:
    session.clear()
    # Made from what the cookie held: a form drawn in this answer would be refused.
    g.pop("csrf_token", None)
