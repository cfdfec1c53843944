"""Inviting somebody, and taking that back.

A link is part of one answer, to the form that had it made. It is in no address of ours, no session
and no log.
"""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, TooLate
from webapp.people import invitations, queries
from webapp.people.admins import Refused
from webapp.people.forms import InviteForm, SureForm
from webapp.people.record import WHOEVER
from webapp.web.settings import base_url


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def invite() -> ResponseReturnValue:
    form = InviteForm()
    if form.validate_on_submit():
        try:
            with transaction():
                invitation, secret = invitations.invite(
                    web_actor(), form.email.data or "", form.role.data
                )
                return render_template(
                    "people/invited.html",
                    invitation=invitation,
                    link=base_url() + url_for("people.join", secret=secret),
                )
        except InvalidInput as problem:
            form.add_errors(problem.fields, {})
        except Refused as problem:
            flash(str(problem), "warn")
            return redirect(url_for("people.index"))
    if not form.is_submitted():
        form.email.data = form.email.data or request.args.get("email", "")
        form.role.data = form.role.data or request.args.get("role", "operator")
    return render_template("people/invite.html", form=form), 422 if form.errors else 200


@requires(Permission.ADMINISTER)
def withdraw(invitation_id: int) -> ResponseReturnValue:
    invitation = queries.get_invitation(invitation_id)
    name = invitation.email or WHOEVER
    if not SureForm().validate_on_submit():
        return render_template("people/withdraw.html", invitation=invitation, name=name)
    try:
        with transaction():
            invitations.withdraw(web_actor(), invitation)
    except TooLate as problem:
        flash(str(problem), "warn")
    else:
        flash(f"The invitation of {name} is withdrawn: its link opens nothing any more.", "ok")
    return redirect(url_for("people.index"))
