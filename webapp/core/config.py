"""Settings: one typed class, read once at start from the environment, ``.env`` and secret files.

A secret may come from a file: ``MEGAPHONE_API_TOKEN_FILE=/run/secrets/token``. What is wrong is
said all at once and in words, by :func:`load_settings`; a secret's value is never part of it.
"""

import ipaddress
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from webapp.core import reached
from webapp.core.addresses import check_base_url, check_url
from webapp.core.oidc_settings import ClientId, Issuer, Label
from webapp.core.secret_files import SecretFileSource, UnusableFile

ENV_FILE = ".env"
MEGAPHONE_URL = "https://cms.megaphone.fm/api"
SECRET_NAMES = (
    "DATABASE_URL",
    "ENCRYPTION_KEY",
    "FIRST_OPERATOR_PASSWORD",
    "HEARTBEAT_CLEAN_URL",
    "HEARTBEAT_PULL_URL",
    "MAIL_URL",
    "MEGAPHONE_API_TOKEN",
    "METRICS_TOKEN",
    "OIDC_CLIENT_SECRET",
    "SECRET_KEY",
    "SENTRY_DSN",
    "WEBHOOK_SECRET",
    "WEBHOOK_URL",
)
LOG_FORMATS = ("auto", "json", "text")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MOST_THREADS = 64
MIN_PASSWORD_LENGTH = 12
FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
MAIL_SERVER = r"smtps?://([^\s/@:]+:[^\s/@:]+@)?(\[[0-9a-f:]+\]|[^\s/@:\[\]]+)(:[1-9]\d{0,4})?/?"
WORDS = {
    "value_error": "{error}",
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


class SettingsError(Exception):
    """Settings that cannot be used. ``problems`` is a list of sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Every setting of the product. Names in the environment are these in capitals."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    bind_address: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    web_workers: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=4, ge=1, le=MOST_THREADS)

    megaphone_base_url: str = MEGAPHONE_URL
    megaphone_api_token: SecretStr | None = None
    megaphone_org_id: str | None = Field(default=None, validate_default=True)
    megaphone_requests_per_minute: int = Field(default=60, ge=0, le=6000)

    outgoing_private: bool = False

    sandbox_port: int = Field(default=8001, ge=1, le=65535)
    sandbox_campaigns: int = Field(default=1200, ge=0, le=1_000_000)

    database_url: SecretStr | None = None
    instance_dir: Path = Path("instance")
    secret_key: SecretStr | None = None
    encryption_key: SecretStr | None = None
    secure_cookies: bool | None = None
    allowed_hosts: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    security_contact: str | None = None
    security_expires: date | None = Field(default=None, validate_default=True)

    oidc_issuer: Issuer = None
    oidc_client_id: ClientId = Field(default=None, validate_default=True)
    oidc_client_secret: SecretStr | None = None
    oidc_label: Label = "your company account"

    log_dir: Path | None = None
    log_level: str = "INFO"
    log_format: str = "auto"
    log_files: bool = True

    metrics_token: SecretStr | None = None
    heartbeat_pull_url: SecretStr | None = None
    heartbeat_clean_url: SecretStr | None = None
    sentry_dsn: SecretStr | None = None

    base_url: str | None = None
    mail_url: SecretStr | None = None
    mail_from: str = "flightdeck@example.com"
    webhook_secret: SecretStr | None = None
    webhook_url: SecretStr | None = None
    webhook_private: bool = False
    notice_hours: int = Field(default=4, ge=1, le=168)
    digest_hour: int = Field(default=7, ge=0, le=23)

    api_requests_without_token: int = Field(default=100, ge=1, le=1_000_000)

    sync_interval_minutes: int = Field(default=30, ge=1, le=1440)
    timezone: str = "UTC"

    first_operator_email: str = "operator@example.com"
    first_operator_password: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        secret_files = SecretFileSource(settings_cls, SECRET_NAMES, ENV_FILE)
        return init_settings, secret_files, env_settings, dotenv_settings

    @field_validator(*(name.lower() for name in SECRET_NAMES), mode="before")
    @classmethod
    def _usable_file(cls, value: object) -> object:
        if isinstance(value, UnusableFile):
            raise ValueError(value.problem)  # noqa: TRY004 - only this error becomes a sentence
        return value

    @field_validator("bind_address")
    @classmethod
    def _known_address(cls, address: str) -> str:
        if address != "localhost":
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise ValueError("must be an IP address such as 127.0.0.1 or 0.0.0.0") from None
        return address

    @field_validator("instance_dir", "log_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.absolute()

    @field_validator("megaphone_base_url", "base_url")
    @classmethod
    def _safe_base_url(cls, url: str | None) -> str | None:
        problem = check_base_url(url) if url else None
        if problem:
            raise ValueError(problem)
        return url and url.rstrip("/")

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, text: str) -> str:
        return ",".join(sorted(reached.names_in(text)))

    @field_validator("security_contact")
    @classmethod
    def _known_contact(cls, text: str | None) -> str | None:
        problem = reached.check_contact(text) if text else None
        if problem:
            raise ValueError(problem)
        return text

    @field_validator("security_expires", mode="before")
    @classmethod
    def _day(cls, day: object, others: ValidationInfo) -> object:
        if day is None and others.data.get("security_contact"):
            raise ValueError("is missing, but SECURITY_CONTACT is set; a day within a year is good")
        return reached.day_of(day) if isinstance(day, str) else day

    @field_validator("megaphone_api_token")
    @classmethod
    def _sendable_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"[!#-\[\]-~]{1,1000}", token.get_secret_value()):
            raise ValueError("has characters that no token has, such as blanks or quotes")
        return token

    @field_validator("megaphone_org_id")
    @classmethod
    def _whole_credential(cls, org_id: str | None, others: ValidationInfo) -> str | None:
        if org_id is not None and not re.fullmatch(r"[A-Za-z0-9-]{1,64}", org_id):
            raise ValueError("is no organisation id; it has only letters, digits and hyphens")
        # Absent when it is wrong itself, which is a problem of its own.
        if "megaphone_api_token" in others.data:
            token = others.data["megaphone_api_token"]
            both = "Set both, or neither to practise in the sandbox"
            if token and org_id is None:
                raise ValueError(f"is missing, but MEGAPHONE_API_TOKEN is set. {both}")
            if org_id and token is None:
                raise ValueError(f"is set, but MEGAPHONE_API_TOKEN is missing. {both}")
        return org_id

    @field_validator("log_level", mode="before")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in LOG_LEVELS:
            raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
        return level.upper()

    @field_validator("log_format", mode="before")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name.lower() not in LOG_FORMATS:
            raise ValueError(f"must be one of {', '.join(LOG_FORMATS)}")
        return name.lower()

    @field_validator("metrics_token", "webhook_secret")
    @classmethod
    def _long_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"[!-~]{16,1000}", token.get_secret_value()):
            raise ValueError("must have at least 16 characters, and none but ASCII without blanks")
        return token

    @field_validator("heartbeat_pull_url", "heartbeat_clean_url", "webhook_url")
    @classmethod
    def _callable_url(cls, url: SecretStr | None) -> SecretStr | None:
        problem = check_url(url.get_secret_value()) if url else None
        if problem:
            raise ValueError(problem)
        return url

    @field_validator("webhook_url")
    @classmethod
    def _signed(cls, url: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        # Absent when it is wrong itself, which is a problem of its own.
        if url and "webhook_secret" in others.data and others.data["webhook_secret"] is None:
            raise ValueError("is set, but WEBHOOK_SECRET, which signs what is sent, is missing")
        return url

    @field_validator("mail_url")
    @classmethod
    def _known_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not re.fullmatch(MAIL_SERVER, url.get_secret_value()):
            raise ValueError("is no mail server, such as smtp://user:password@mail.example:587")
        return url

    @field_validator("sentry_dsn")
    @classmethod
    def _known_dsn(cls, dsn: SecretStr | None) -> SecretStr | None:
        if dsn is None:
            return None
        parts = re.fullmatch(r"(https?://)[^\s/@]+@([^\s/@]+/\S+)", dsn.get_secret_value())
        if parts is None:
            raise ValueError("is no DSN, such as https://key@sentry.example/1")
        problem = check_url("".join(parts.groups()))
        if problem:
            raise ValueError(problem)
        return dsn

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone; use a name such as Europe/Berlin") from None
        return name

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        try:
            parts = make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError("is not a database address") from None
        if parts.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        if not parts.database or parts.database == ":memory:":
            raise ValueError("must name a database, or a file of one, after the last slash")
        return url

    @field_validator("secret_key")
    @classmethod
    def _long_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key and len(key.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; leave it out to have one made")
        return key

    @field_validator("encryption_key")
    @classmethod
    def _usable_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys and not all(FERNET_KEY.fullmatch(each) for each in each_key(keys)):
            raise ValueError("is no list of keys; flask credentials make-key prints one")
        return keys

    @field_validator("first_operator_password")
    @classmethod
    def _long_password(cls, password: SecretStr | None) -> SecretStr | None:
        if password and len(password.get_secret_value()) < MIN_PASSWORD_LENGTH:
            raise ValueError(f"must have at least {MIN_PASSWORD_LENGTH} characters")
        return password

    @field_validator("first_operator_email", "mail_from")
    @classmethod
    def _email(cls, email: str) -> str:
        try:
            validate_email(email, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise ValueError("is not an e-mail address") from None
        return email

    @property
    def uses_sandbox(self) -> bool:
        """Whether the bundled sandbox stands in, because no Megaphone credential is set."""
        return self.megaphone_api_token is None

    @property
    def uses_https(self) -> bool:
        """Whether browsers reach the pages by https: cookies then never go over plain http."""
        if self.secure_cookies is None:
            return (self.base_url or "").startswith("https:")
        return self.secure_cookies

    @property
    def hosts(self) -> frozenset[str]:
        """The names, without ports, that the pages are reached by."""
        if self.allowed_hosts:
            return frozenset(self.allowed_hosts.split(","))
        return reached.usual_names(self.bind_address, self.base_url)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def logs(self) -> Path:
        return self.log_dir or self.instance_dir / "log"

    @property
    def sqlalchemy_url(self) -> str:
        url = make_url(
            self.database_url.get_secret_value()
            if self.database_url
            else f"sqlite:///{quote(str(self.instance_dir / 'flightdeck.db'))}"
        )
        if url.drivername == "sqlite":
            # A relative path means the same file to every process and library.
            url = url.set(database=str(Path(url.database or "").absolute()))
        return url.render_as_string(hide_password=False)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raises :class:`SettingsError` with every problem in words."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_sentence(problem) for problem in error.errors()]) from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError([".env cannot be read, or is not text in UTF-8."]) from None


def _sentence(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"]).upper()
    words = WORDS.get(problem["type"])
    text = words.format(**problem.get("ctx", {})) if words else str(problem["msg"])
    return f"{name}: {text.removesuffix('.')}."


def each_key(keys: SecretStr) -> list[str]:
    """The keys of ``ENCRYPTION_KEY``: the newest first, parted by commas or line breaks."""
    return [key.strip() for key in re.split(r"[,\n]", keys.get_secret_value()) if key.strip()]
