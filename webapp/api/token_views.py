"""The pages of tokens: each operator's own; managers see all, and may end any.

A secret is part of one answer, to the form that had it made. It is in no address, session or log.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.api import tokens
from webapp.api.token_forms import SCOPE_WORDS, RotateForm, TokenForm, scope_choices
from webapp.audit.actors import web_actor
from webapp.auth import queries
from webapp.auth.access import may, operator, requires
from webapp.auth.models import ApiToken
from webapp.auth.permissions import Permission
from webapp.auth.tokens import Made
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, NotFound, TooLate

BOTH = ("GET", "POST")

blueprint = Blueprint("tokens", __name__)


@blueprint.get("/tokens")
@requires(Permission.READ)
def index() -> str:
    sees_all = may(Permission.MANAGE_TOKENS)
    who = operator()
    return render_template(
        "tokens/index.html",
        tokens=queries.list_tokens(None if sees_all else who.id),
        sees_all=sees_all,
        mine=who.id,
        now=utc_now(),
    )


@blueprint.route("/tokens/new", methods=BOTH)
@requires(Permission.READ, keeps_typed=True, fresh=True)
def new() -> ResponseReturnValue:
    form = TokenForm(scope_choices(operator().role))
    if form.validate_on_submit():
        try:
            with transaction():
                made = tokens.create(
                    web_actor(),
                    form.name.data or "",
                    form.scopes.data or [],
                    operator=operator(),
                    expires_at=form.expires_at,
                    per_window=form.per_window.data or 0,
                )
                return _shown_once(made)
        except InvalidInput as problem:
            form.add_errors(problem.fields, {"expires_at": "expires"})
    return render_template("tokens/new.html", form=form), 422 if form.errors else 200


@blueprint.route("/tokens/<int(max=2147483647):token_id>/rotate", methods=BOTH)
@requires(Permission.READ, keeps_typed=True, fresh=True)
def rotate(token_id: int) -> ResponseReturnValue:
    token = _own(token_id)
    form = RotateForm(tokens.as_long_again(token))
    if form.validate_on_submit():
        try:
            with transaction():
                made = tokens.rotate(
                    web_actor(),
                    token,
                    form.drawn.data or "",
                    overlap=form.span,
                    expires_at=form.expires_at,
                )
                return _shown_once(made)
        except TooLate as problem:
            flash(str(problem), "warn")
            return redirect(url_for("tokens.index"))
    form.drawn.data = token.mark
    page = render_template("tokens/rotate.html", form=form, token=token, now=utc_now())
    return page, 422 if form.errors else 200


@blueprint.route("/tokens/<int(max=2147483647):token_id>/revoke", methods=BOTH)
@requires(Permission.READ)
def revoke(token_id: int) -> ResponseReturnValue:
    token = queries.get_token(token_id) if may(Permission.MANAGE_TOKENS) else _own(token_id)
    name = token.name
    if request.method == "GET":
        return render_template("tokens/revoke.html", token=token)
    with transaction():
        tokens.revoke(web_actor(), token)
    flash(f"The token {name} is revoked: it opens nothing any more.", "ok")
    return redirect(url_for("tokens.index"))


def _own(token_id: int) -> ApiToken:
    """A token of whoever is signed in. Of another's, nobody is told that it is there."""
    token = queries.get_token(token_id)
    if token.operator_id != operator().id:
        raise NotFound("There is no such token.")
    return token


def _shown_once(made: Made) -> str:
    token = made.token
    words = [SCOPE_WORDS[scope] for scope in SCOPE_WORDS if scope in token.scopes.split()]
    address = url_for("api.get_me", _external=True)
    curl = f'curl -H "Authorization: Bearer {made.secret}" {address}'
    return render_template(
        "tokens/made.html", token=token, secret=made.secret, curl=curl, words=words
    )
