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


def folded(text: str) -> str:
    """What a person is found by: an address in any case of letters.

    A sign beyond ASCII that has a small letter within (the one of the kelvin) stands for itself: an
    address with it is somebody else's.
    """
    text = text.strip()
    pretends = any(not sign.isascii() and sign.lower().isascii() for sign in text)
    return text if pretends else text.lower()
