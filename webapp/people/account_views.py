"""The account: what somebody is here, their password, and where they are signed in."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth import passwords, second_factor, sessions, signing_in
from webapp.auth import service as auth
from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.auth.views import TOO_MANY, signed_out
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.core.errors import TooLate
from webapp.people import account, agents, words
from webapp.people.account_forms import ChangePasswordForm

SESSION = "/account/sessions/<int(max=2147483647):session_id>/end"

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@requires(Permission.READ)
def index() -> str:
    who = operator()
    return render_template(
        "people/account.html",
        me=who,
        role_words=words.ROLE_WORDS[who.role],
        has_factor=second_factor.is_on(who),
        has_password=who.password_hash != passwords.NONE,
        sessions=sessions.list_of(who.id),
        here=sessions.current().id,
        browser=agents.browser,
        idle=sessions.IDLE,
        absolute=sessions.ABSOLUTE,
    )


@blueprint.post(SESSION)
@requires(Permission.READ)
def end_session(session_id: int) -> ResponseReturnValue:
    if session_id == sessions.current().id:
        flash("That is this browser. To leave it, sign out.", "warn")
        return redirect(url_for("account.index"))
    with transaction():
        ended = account.end_session(web_actor(), operator(), session_id)
    flash("That browser is signed out." if ended else "That session had ended already.", "ok")
    return redirect(url_for("account.index"))


@blueprint.post("/account/sessions/end-others")
@requires(Permission.READ, fresh=True)
def end_others() -> ResponseReturnValue:
    with transaction():
        ended = account.end_others(web_actor(), operator(), sessions.current())
    browsers = f"{ended} other {'browser is' if ended == 1 else 'browsers are'}"
    flash(f"{browsers} signed out." if ended else "You are signed in nowhere else.", "ok")
    return redirect(url_for("account.index"))


@blueprint.route("/account/password", methods=["GET", "POST"])
@requires(Permission.READ)
def password() -> ResponseReturnValue:
    form = ChangePasswordForm()
    if form.validate_on_submit():
        answer = _change(form)
        if answer is not None:
            return answer
    page = render_template("people/account_password.html", form=form, email=operator().email)
    return page, 422 if form.errors else 200


def _change(form: ChangePasswordForm) -> ResponseReturnValue | None:
    """Change it and go on; ``None`` when the form says now what is wrong."""
    current, new, email = form.current.data or "", form.new.data or "", operator().email
    with transaction():
        verdict = auth.check_password(sessions.current(), current)
    if verdict == "signed out":
        return signed_out(TOO_MANY, "warn")
    if verdict == "wrong":
        form.add_errors({"current": "That is not your password."}, {})
        return None
    problem = passwords.problem(new, email=email)
    if problem or new == current:
        form.add_errors({"new": problem or "That is the password you have already."}, {})
        return None
    return _changed(passwords.hash_of(new))


def _changed(digest: str) -> ResponseReturnValue:
    try:
        with transaction():
            who = operator()
            account.change_password(web_actor(), who, sessions.current(), digest)
            secret = sessions.begin(
                who,
                address=signing_in.address_here(),
                agent=str(request.user_agent),
                now=utc_now(),
            )
    except TooLate as problem:
        return signed_out(str(problem), "warn")
    signing_in.put_into_cookie(who, secret)
    flash("Your password is changed. Every other browser is signed out.", "ok")
    return redirect(url_for("account.index"))
