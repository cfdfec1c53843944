"""The forms of tokens: what is chosen for one, and for its next secret."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wtforms import (
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.api.tokens import NEVER
from webapp.auth.permissions import PERMISSION_OF, Scope, role_may
from webapp.auth.tokens import MOST_NAME, REQUESTS_PER_WINDOW
from webapp.core.clock import utc_now
from webapp.web.forms import BaseForm

SCOPE_WORDS = {
    Scope.READ: "Read: all that the pages show",
    Scope.WRITE: "Write: book, change and archive campaigns, settle conflicts",
    Scope.SYNC: "Sync: have Megaphone read now",
    Scope.ADMIN: "Administer: connections, and all that managers alone may do",
}
LIFETIMES = [
    ("30", "in 30 days"),
    ("90", "in 90 days"),
    ("365", "in a year"),
    (NEVER, "never"),
]
AS_BEFORE = "as before"
OVERLAPS = [
    ("0", "not at all: it ends now"),
    ("1", "for 1 hour"),
    ("24", "for 24 hours"),
    ("168", "for 7 days"),
]


def scope_choices(role: str) -> list[tuple[str, str]]:
    """What somebody with this role may give to a script."""
    return [
        (scope.value, words)
        for scope, words in SCOPE_WORDS.items()
        if role_may(role, PERMISSION_OF[scope])
    ]


class ExpiringForm(BaseForm):
    """Has a field for when a secret ends."""

    expires = SelectField("It expires", default="365")

    def __init__(self, lifetimes: Sequence[tuple[str, str]] = LIFETIMES) -> None:
        super().__init__()
        self.expires.choices = list(lifetimes)

    @property
    def expires_at(self) -> datetime | None:
        days = str(self.expires.data)
        return None if days == NEVER else utc_now() + timedelta(days=int(days))


class TokenForm(ExpiringForm):
    """Checked by the service; ``role`` decides which scopes there are."""

    name = StringField("Name", render_kw={"maxlength": MOST_NAME, "autocomplete": "off"})
    scopes = SelectMultipleField(
        "What it may do",
        default=[Scope.READ.value],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    per_window = IntegerField(
        "Requests in 15 minutes",
        [InputRequired("Say how many requests it may make in 15 minutes.")],
        default=REQUESTS_PER_WINDOW,
    )

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.scopes.choices = list(choices)
        self.name.flags.required = True


class RotateForm(ExpiringForm):
    """``drawn`` is the mark of the secret that the page was drawn with: it is replaced once.

    ``again`` is when the new one ends if it is good for as long as the present one.
    """

    expires = SelectField("It expires", default=AS_BEFORE)
    overlap = SelectField("The old secret works on", default="24")
    drawn = HiddenField()

    def __init__(self, again: datetime | None) -> None:
        self.again = again
        words = f"on {again:%-d %b %Y}, as long again" if again else "never, as before"
        others = [each for each in LIFETIMES if again or each[0] != NEVER]
        super().__init__([(AS_BEFORE, words), *others])
        self.overlap.choices = OVERLAPS

    @property
    def expires_at(self) -> datetime | None:
        return self.again if self.expires.data == AS_BEFORE else super().expires_at

    @property
    def span(self) -> timedelta:
        return timedelta(hours=int(str(self.overlap.data)))
