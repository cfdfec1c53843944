"""Joining by an invitation's link. Open to anybody who has one."""

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.auth import signing_in
from webapp.auth.models import Operator
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput
from webapp.people import invitations
from webapp.people.forms import JoinForm
from webapp.people.invitations import NotOpen
from webapp.web.requests import current_request_id


def join(secret: str) -> ResponseReturnValue:
    try:
        invitation = invitations.find_open(secret)
        if current_user.is_authenticated:
            return render_template("people/join_signed_in.html", email=current_user.email)
        email, role = invitation.email, invitation.role
        form = JoinForm(asks_email=email is None)
        joined = _joined(form, secret) if form.validate_on_submit() else None
    except NotOpen:
        return render_template("people/join_closed.html"), 410
    if joined:
        return signing_in.begin(joined, url_for("overview.index"), None, how="invitation")
    page = render_template("people/join.html", form=form, email=email, role=role)
    return page, 422 if form.errors else 200


def _joined(form: JoinForm, secret: str) -> Operator | None:
    """Who joined; ``None`` when something has to be mended. Raises ``NotOpen``."""
    email = form.email.data if "email" in form else None
    try:
        with transaction():
            return invitations.accept(
                secret, email, form.password.data or "", request_id=current_request_id()
            )
    except InvalidInput as problem:
        # Of an address that the invitation names, there is no field to mend.
        fields = {} if "email" in form else {"email": "password"}
        form.add_errors(problem.fields, fields)
    return None
