"""The forms of people: inviting, joining, another role, and acts that are asked about once more."""

from wtforms import EmailField, HiddenField, PasswordField, RadioField
from wtforms.validators import DataRequired, EqualTo, Length

from webapp.auth.passwords import MAX_LENGTH
from webapp.people.words import role_choices
from webapp.web.forms import BaseForm

# Of what no password can be that long, its end need not be read.
MOST_TYPED = 1_000


class WithRole(BaseForm):
    """Has a field for a role."""

    role = RadioField("Role", [DataRequired("Choose a role.")])

    def __init__(self) -> None:
        super().__init__()
        self.role.choices = role_choices()


class InviteForm(WithRole):
    """Checked by the service."""

    email = EmailField("E-mail", [DataRequired("Enter their e-mail address."), Length(max=254)])


class JoinForm(BaseForm):
    """A password of one's own, typed twice. ``email`` only where the invitation names none."""

    email = EmailField("E-mail", [DataRequired("Enter your e-mail address."), Length(max=254)])
    password = PasswordField(
        "Password",
        [DataRequired("Choose a password."), Length(max=MOST_TYPED, message="That is too long.")],
        description=f"12 to {MAX_LENGTH} characters. Several words are good, blanks and all.",
    )
    repeated = PasswordField(
        "The same again",
        [EqualTo("password", "The two passwords are not the same. Type both again.")],
    )

    def __init__(self, *, asks_email: bool) -> None:
        super().__init__()
        if not asks_email:
            del self.email
        self.repeated.flags.required = True


class RoleForm(WithRole):
    """``seen`` is what the person was when the page was drawn."""

    seen = HiddenField()


class SureForm(BaseForm):
    """Asks once more; ``seen`` as above."""

    seen = HiddenField()
