"""Sending one e-mail: through the mail server of the settings, or into the log without one."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import structlog

from webapp.core.addresses import is_loopback
from webapp.core.config import Settings

TIMEOUT_SECONDS = 10.0
PORTS = {"smtp": 587, "smtps": 465}
# The first that fits: all of these are kinds of OSError.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "The mail server refused the user name and password."),
    (smtplib.SMTPNotSupportedError, "The mail server cannot do what is needed: encryption, say."),
    (
        smtplib.SMTPServerDisconnected,
        "The mail server did not answer, or broke off the connection.",
    ),
    (ssl.SSLError, "The mail server’s certificate or encryption is not valid."),
    (TimeoutError, "The mail server did not answer in time."),
)
UNREACHABLE = "The mail server could not be reached."

log = structlog.get_logger()


class Undelivered(Exception):
    """It did not go out. The text is a sentence without address or password."""


@dataclass(frozen=True, slots=True)
class Mail:
    """``key`` makes the Message-ID: sent again, it is the same message."""

    key: str
    recipient: str
    subject: str
    text: str
    html: str | None
    at: datetime


def send(settings: Settings, mail: Mail) -> None:
    """Raises :class:`Undelivered`."""
    if settings.mail_url is None:
        log.info("mail", key=mail.key, subject=mail.subject, text=mail.text)
        return
    try:
        message = compose(settings, mail)
        with _connected(settings) as server:
            server.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undelivered(_reason(error)) from None


def compose(settings: Settings, mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = mail.recipient
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.at)
    digest = sha256(mail.key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{_domain(settings)}>"
    # Answering machines do not answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


def _connected(settings: Settings) -> smtplib.SMTP:
    """A server that speaks TLS, but for this machine, and knows us where a password is set."""
    url = settings.mail_url.get_secret_value() if settings.mail_url else ""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context, name = ssl.create_default_context(), _domain(settings)
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, name, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(host, port, name, timeout=TIMEOUT_SECONDS)
    try:
        _greet(server, host, context if parts.scheme == "smtp" else None)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _greet(server: smtplib.SMTP, host: str, context: ssl.SSLContext | None) -> None:
    server.ehlo()
    if context is None:
        return
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif not is_loopback(host):
        raise smtplib.SMTPNotSupportedError("no encryption")


def _domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2]


def _reason(error: Exception) -> str:
    """In words, and without what the server said: it may repeat what it was told."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        return f"The mail server refused the recipient ({codes})."
    said = next((words for kind, words in REASONS if isinstance(error, kind)), None)
    if said is None and isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}."
    if said is None and isinstance(error, OSError):
        return UNREACHABLE
    return said or "It cannot be sent: its recipient or subject is not valid."
