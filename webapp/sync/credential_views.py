"""The page where a connection is given a new token. The token goes in, and never comes out."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import InputRequired

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.connections import queries as connections
from webapp.connections import service
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput
from webapp.web.forms import BaseForm, clean_text


class CredentialForm(BaseForm):
    """Drawn empty, always: a field of passwords gives nothing back."""

    token = PasswordField(
        "New token",
        # A token is copied from elsewhere, often with blanks around it.
        filters=[clean_text],
        validators=[InputRequired("Paste the token that Megaphone shows.")],
    )


@requires(Permission.MANAGE_CONNECTIONS, fresh=True)
def token(connection_id: int) -> ResponseReturnValue:
    form = CredentialForm()
    connection = connections.get_connection(connection_id)
    if form.validate_on_submit():
        try:
            with transaction():
                service.enter_token(web_actor(), connection, form.token.data or "")
        except InvalidInput as problem:
            form.add_errors(problem.fields, {})
        else:
            flash("The new token is used from now on. “Check now” shows whether it works.", "ok")
            return redirect(url_for("sync.connection", connection_id=connection_id))
    page = render_template(
        "sync/token.html",
        connection=connections.get_connection(connection_id),
        form=form,
        latest=connections.latest_token(connection),
    )
    return page, 422 if form.errors else 200
