"""Somebody with a browser at a real web process, of which only forms and cookies matter."""

import requests
from sqlalchemy import select

from tests import factories
from tests.many.conftest import seen
from tests.support.markup import parse
from tests.support.pages import Form
from tests.support.stack import PATIENCE
from webapp.campaigns.models import Campaign
from webapp.core.db import db

EMAIL = "ana@example.com"
Typed = dict[str, str | list[str]]


def first_uuid() -> str:
    return str(seen(lambda: db.session.scalar(select(Campaign.uuid).order_by(Campaign.id))))


class Person:
    """Signed in, they stay so on every web process that has the same key."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False

    def page(self, url: str) -> str:
        answer = self.session.get(url, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.text

    def sign_in(self, root: str) -> None:
        form = self.form(f"{root}/sign-in", "password")
        form |= {"email": EMAIL, "password": factories.PASSWORD}
        answer = self.session.post(f"{root}/sign-in", data=form, timeout=PATIENCE)
        assert "/sign-in" not in answer.url, answer.text

    def save_title(self, root: str, uuid: str, title: str) -> None:
        url = f"{root}/campaigns/{uuid}/edit"
        form = self.form(url, "title") | {"title": title}
        assert self.session.post(url, data=form, timeout=PATIENCE).status_code == 200

    def form(self, url: str, name: str) -> Typed:
        """What the form with this field would send if nothing were typed."""
        forms = [Form(each, url) for each in parse(self.page(url)).all("form")]
        inside = [form.element.all("input", "textarea") for form in forms]
        (found,) = [
            form
            for form, controls in zip(forms, inside, strict=True)
            if name in {control.get("name") for control in controls}
        ]
        return found.values

    def cookies(self) -> str:
        return "; ".join(f"{each.name}={each.value}" for each in self.session.cookies)
