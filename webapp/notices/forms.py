"""The form of what somebody hears of by e-mail: a box for each kind, and for the digest."""

from collections.abc import Mapping

from wtforms import BooleanField

from webapp.notices import kinds
from webapp.web.forms import BaseForm


class ChoicesForm(BaseForm):
    """One box a kind, named by it."""

    def wanted(self) -> Mapping[str, bool]:
        return {kind: bool(self[kind].data) for kind in (*kinds.NAMES, kinds.DIGEST)}


for _kind, _name in kinds.NAMES.items():
    setattr(ChoicesForm, _kind, BooleanField(_name, description=kinds.HINTS[_kind]))
setattr(ChoicesForm, kinds.DIGEST, BooleanField("Daily digest"))
