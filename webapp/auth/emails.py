"""E-mail addresses as operators have them: one spelling each."""

from email_validator import EmailNotValidError, validate_email

from webapp.core.errors import InvalidInput

MOST = 254


def normal(text: str) -> str:
    """The address in the spelling that is kept. Raises ``InvalidInput``."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidInput({"email": "This is not an e-mail address."}) from None
    if len(checked.normalized) > MOST:
        raise InvalidInput({"email": f"An e-mail address has at most {MOST} characters."})
    # SQLite folds the case of ASCII letters only.
    return checked.normalized.lower()
