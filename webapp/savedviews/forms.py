"""The form of a view: its name, and who sees it."""

from wtforms import BooleanField, HiddenField, StringField

from webapp.savedviews.models import NAME_LENGTH, SavedView
from webapp.web.forms import BaseForm


class ViewForm(BaseForm):
    """Checked by the service; ``is_shared`` is for all operators to see.

    ``mark`` is the view's when the form was drawn.
    """

    mark = HiddenField()
    name = StringField("Name", render_kw={"maxlength": NAME_LENGTH, "autocomplete": "off"})
    is_shared = BooleanField("Share it: every operator sees it, only you change it")

    def __init__(self, view: SavedView | None = None) -> None:
        super().__init__(obj=view)
        self.name.flags.required = True
