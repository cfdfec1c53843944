"""The test client, and signing it in."""

import contextvars
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.auth import sessions
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import db


class Client(FlaskClient):
    """Requests as a browser makes them: each in a context of its own, with its own session.

    What the test has written so far is committed first, and read anew afterwards.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            db.session.commit()
        # Read to its end and closed: a static file's answer holds the file open until then.
        kwargs.setdefault("buffered", True)
        # Flask would otherwise reuse the test's own context, and with it its database session.
        return contextvars.Context().run(super().open, *args, **kwargs)


def signed_in(client: Client, operator: Operator) -> Client:
    """Sign in without the page: quick, and for every test that is not about signing in."""
    secret = sessions.begin(operator, address="127.0.0.1", agent="tests", now=utc_now())
    with client.session_transaction() as session:
        session["_user_id"] = secret
        session["_fresh"] = True
    return client
