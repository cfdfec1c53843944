"""Forms about second factors. What is typed may have blanks and hyphens in it."""

from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from webapp.web.forms import BaseForm

TYPE_IT = "Type the code."
MOST = 60


def _code(label: str) -> StringField:
    return StringField(label, [DataRequired(TYPE_IT), Length(max=MOST, message="That is no code.")])


class CodeForm(BaseForm):
    code = _code("Code")


class SetUpForm(BaseForm):
    """``draft`` is the locked secret that the page shows."""

    draft = HiddenField()
    code = _code("Code that the app shows")


class ReplaceForm(SetUpForm):
    current = _code("Code of the app you had so far, or a recovery code")
