"""Forms: what all of them share, and a field for money."""

from typing import Any
from uuid import UUID

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField

from webapp.core.errors import InvalidInput

# A form that is sent with this is drawn again as it was filled in, and nothing is done.
AGAIN = "again"
MAX_TYPED = 10_000
MAX_DIGITS = 9


def clean_text(text: object) -> object:
    """Without surrounding blanks and without characters no database or screen can hold."""
    if not isinstance(text, str):
        return text
    kept = "".join(c for c in text[:MAX_TYPED] if c.isprintable() or c in "\n\t")
    return kept.strip()


def drawn_again() -> str | None:
    """Why a form that was sent is only to be drawn again; ``None`` when it is to be acted on."""
    return request.form.get(AGAIN)


def posted_version() -> int:
    """The version that a form was drawn from; 0, which was never current, for anything else."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0


def posted_key() -> UUID:
    """The one-time key that a form was drawn with. Raises ``InvalidInput`` when it has none."""
    try:
        return UUID(request.form.get("key", ""))
    except ValueError:
        raise InvalidInput({"key": "This form is incomplete. Open it again."}) from None


class BaseForm(FlaskForm):
    """Strips what was typed, and shows the errors that a service found at their fields."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            kind = unbound_field.field_class
            # A password is what was typed, blanks and all.
            if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
                filters = [*unbound_field.kwargs.get("filters", ()), clean_text]
                unbound_field.kwargs["filters"] = list(dict.fromkeys(filters))
            return unbound_field.bind(form=form, **options)

    def is_submitted(self) -> bool:
        return drawn_again() is None and bool(super().is_submitted())

    def add_errors(self, problems: dict[str, str], fields: dict[str, str]) -> None:
        """Put a service's messages at the form's fields; ``fields`` maps its names to ours."""
        for name, message in problems.items():
            field: Field = self[fields.get(name, name)]
            field.errors = [*field.errors, message]
