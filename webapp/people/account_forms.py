"""The form by which people change their own password."""

from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo, Length

from webapp.web.forms import BaseForm

MOST = 1000


class ChangePasswordForm(BaseForm):
    current = PasswordField(
        "Password so far", [DataRequired("Enter the password you have."), Length(max=MOST)]
    )
    new = PasswordField("New password", [DataRequired("Enter a new password."), Length(max=MOST)])
    repeated = PasswordField(
        "New password, once more",
        [
            DataRequired("Type the new password again."),
            EqualTo("new", message="This is not the same as the new password."),
        ],
    )
