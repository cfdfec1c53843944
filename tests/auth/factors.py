"""Somebody with a second factor, and what their app shows."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pyotp

from tests import factories
from tests.support.client import Client
from tests.support.pages import Page, get_page
from webapp.auth import second_factor, totp
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import db

CODES = "I have kept them"


class App:
    """An app on a phone, which makes codes from the secret it was given."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, steps: int = 0, at: datetime | None = None) -> str:
        """What it shows now, or so many steps of half a minute later."""
        moment = (at or utc_now()) + steps * timedelta(seconds=30)
        return pyotp.TOTP(self.secret).at(moment)

    def wrong(self) -> str:
        """A code that it shows neither now nor some minutes before or after."""
        return self._none_of(range(-10, 10))

    def never_shown(self) -> str:
        """A code that is none of it, however wrong its clock goes."""
        return self._none_of(range(-2 * totp.FAR, 2 * totp.FAR))

    def _none_of(self, steps: Iterable[int]) -> str:
        shown = {self.code(each) for each in steps}
        return next(code for number in range(10**6) if (code := f"{number:06}") not in shown)


def has_factor(operator: Operator) -> tuple[App, list[str]]:
    """Set up a second factor some time ago; gives the app and the recovery codes."""
    locked = second_factor.draft(operator)
    app = App(second_factor.drafted(operator, locked))
    codes = second_factor.enrol(operator, locked, app.code())
    operator.totp_since = utc_now() - timedelta(days=1)
    operator.totp_last_step = totp.step_at(utc_now()) - 10
    db.session.flush()
    return app, codes


def type_password(client: Client, email: str, query: str = "") -> Page:
    """Fill in the first page of signing in; gives the page that follows."""
    page = get_page(client, f"/sign-in{query}")
    return page.submit("Sign in", {"email": email, "password": factories.PASSWORD})


def secret_on(page: Page) -> App:
    """The app after the secret of this page was typed into it."""
    return App(page.main.one("code").text.replace(" ", ""))


def codes_on(page: Page) -> list[str]:
    """The recovery codes that a page shows."""
    return [item.text for item in page.main.one("ul").all("li")]


def is_signed_in(client: Client) -> bool:
    answer = client.get("/campaigns")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200
