"""What the settings of signing in with another service's accounts (OpenID Connect) may be."""

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from webapp.core.addresses import check_base_url

MOST_LABEL = 40


def _known_issuer(url: str | None) -> str | None:
    problem = check_base_url(url) if url else None
    if problem:
        raise ValueError(problem)
    # As it is written: tokens name it letter by letter, with a slash at its end or without.
    return url


def _client_of_issuer(text: str | None, others: ValidationInfo) -> str | None:
    if text and not (text.isascii() and text.isprintable() and len(text) <= 255):
        raise ValueError("is no client id: it has characters that none has, or is too long")
    # Absent when it is wrong itself, which is a problem of its own.
    if "oidc_issuer" in others.data and bool(others.data["oidc_issuer"]) != bool(text):
        raise ValueError("goes with OIDC_ISSUER: set both, or neither")
    return text


def _short_label(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MOST_LABEL or not text.isprintable():
        raise ValueError(f"must have 1 to {MOST_LABEL} characters, on one line")
    return text


Issuer = Annotated[str | None, AfterValidator(_known_issuer)]
ClientId = Annotated[str | None, AfterValidator(_client_of_issuer)]
Label = Annotated[str, AfterValidator(_short_label)]
