"""The sign-in form."""

from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from webapp.web.forms import BaseForm


class SignInForm(BaseForm):
    email = EmailField("E-mail", [InputRequired("Enter your e-mail address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1000)])
