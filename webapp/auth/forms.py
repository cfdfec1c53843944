"""The forms that ask for a password."""

from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired, Length

from webapp.web.forms import BaseForm


class SignInForm(BaseForm):
    email = EmailField("E-mail", [DataRequired("Enter your e-mail address."), Length(max=254)])
    password = PasswordField("Password", [DataRequired("Enter your password."), Length(max=1000)])


class PasswordForm(BaseForm):
    """The password of somebody who is signed in, once more."""

    password = PasswordField("Password", [DataRequired("Enter your password."), Length(max=1000)])
