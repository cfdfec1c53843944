"""The form that takes a file in, and the one that takes the same file in again."""

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField
from wtforms.validators import InputRequired

from webapp.web.forms import BaseForm


class FileForm(BaseForm):
    file = FileField("CSV file", [FileRequired("Choose a file.")])


class AgainForm(BaseForm):
    once_more = BooleanField(
        "Import the same file once more",
        [InputRequired("Tick that it shall be imported once more.")],
    )
