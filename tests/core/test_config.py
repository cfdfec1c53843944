"""Settings: where they come from, and what is said about those that cannot be used."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from webapp.core.config import SECRET_NAMES, Settings, SettingsError, load_settings
from webapp.core.keys import secret_key

CANARY = "canary-in-a-coal-mine-0123456789-abcdef"
# Secrets that are addresses.
ADDRESSES = {
    "DATABASE_URL": "sqlite:////tmp/some.db",
    "ENCRYPTION_KEY": "canary-in-a-coal-mine-0123456789-abcdefghij=",
    "HEARTBEAT_CLEAN_URL": "https://beats.example/ping/clean",
    "HEARTBEAT_PULL_URL": "http://127.0.0.1:9/ping?of=pull",
    "MAIL_URL": "smtp://desk:p%40ss@mail.example:587",
    "SENTRY_DSN": "https://key@sentry.example/1",
    "WEBHOOK_URL": "https://hooks.example/in?of=flightdeck",
}
EXAMPLE = Path(__file__).parents[2] / ".env.example"
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def problems(**overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    return caught.value.problems


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.port == 8000
    assert settings.uses_sandbox
    assert settings.sync_interval_minutes == 30
    assert settings.megaphone_requests_per_minute == 60
    assert settings.logs == settings.instance_dir / "log"


def test_the_environment_outweighs_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9002, "DEBUG")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_may_come_from_a_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    value = ADDRESSES.get(name, CANARY)
    (tmp_path / "secret").write_text(f"{value}\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("MEGAPHONE_ORG_ID", "abc") if name == "MEGAPHONE_API_TOKEN" else None
    monkeypatch.setenv("WEBHOOK_SECRET", CANARY) if name == "WEBHOOK_URL" else None
    assert getattr(load_settings(), name.lower()).get_secret_value() == value


def test_the_env_file_may_name_a_secret_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(CANARY)
    (tmp_path / ".env").write_text(f"SECRET_KEY_FILE={tmp_path / 'key'}\n")
    assert secret_key(load_settings()) == CANARY


def test_a_secret_in_the_environment_outweighs_a_file_named_in_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY_FILE=/not/here\n")
    monkeypatch.setenv("SECRET_KEY", CANARY)
    assert secret_key(load_settings()) == CANARY


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "cannot be read (it is not text)"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_named(
    content: bytes | None, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    assert problems() == [f"SECRET_KEY: {path}, named by SECRET_KEY_FILE, {expected}."]


def test_a_secret_given_in_both_ways_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(CANARY)
    monkeypatch.setenv("SECRET_KEY", CANARY)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert problems() == ["SECRET_KEY: is set twice, also by SECRET_KEY_FILE; keep one of them."]


def test_all_problems_are_listed_at_once_and_no_secret_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = {
        "PORT": "eighty",
        "WEB_WORKERS": "0",
        "SANDBOX_PORT": "70000",
        "BIND_ADDRESS": "here",
        "MEGAPHONE_BASE_URL": "http://cms.megaphone.fm/api",
        "MEGAPHONE_API_TOKEN": "canary two words",
        "MEGAPHONE_ORG_ID": "../../etc",
        "MEGAPHONE_REQUESTS_PER_MINUTE": "-1",
        "DATABASE_URL": "mysql://someone:canary@host/name",
        "SECRET_KEY": "canary",
        "SECURE_COOKIES": "perhaps",
        "ALLOWED_HOSTS": "https://canary.example",
        "TRUSTED_PROXIES": "-1",
        "SECURITY_CONTACT": "canary",
        "SECURITY_EXPIRES": "canary",
        "LOG_LEVEL": "loud",
        "LOG_FORMAT": "canary",
        "LOG_FILES": "perhaps",
        "METRICS_TOKEN": "canary",
        "HEARTBEAT_PULL_URL": "http://canary.example/ping",
        "HEARTBEAT_CLEAN_URL": "canary",
        "SENTRY_DSN": "https://canary.example",
        "BASE_URL": "http://canary.example",
        "MAIL_URL": "https://canary.example",
        "MAIL_FROM": "nobody",
        "WEBHOOK_SECRET": "canary",
        "WEBHOOK_URL": "http://canary.example/in",
        "WEBHOOK_PRIVATE": "perhaps",
        "NOTICE_HOURS": "0",
        "DIGEST_HOUR": "24",
        "SYNC_INTERVAL_MINUTES": "1.5",
        "TIMEZONE": "Mars/Olympus",
        "FIRST_OPERATOR_EMAIL": "nobody",
        "FIRST_OPERATOR_PASSWORD": "canary",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    found = problems()
    assert {problem.split(":")[0] for problem in found} == set(bad)
    assert len(found) == len(bad)
    assert "canary" not in "\n".join(found)
    assert all(re.fullmatch(r"[A-Z_]+: .+\.", problem) for problem in found)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "x", "PORT: must be a whole number."),
        ("PORT", "0", "PORT: must be at least 1."),
        ("PORT", "99999", "PORT: must be at most 65535."),
        ("SYNC_INTERVAL_MINUTES", "0", "SYNC_INTERVAL_MINUTES: must be at least 1."),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL: must name a database"),
        ("DATABASE_URL", "sqlite:///:memory:", "DATABASE_URL: must name a database"),
        ("DATABASE_URL", "postgresql+psycopg://h/", "DATABASE_URL: must name a database"),
        ("DATABASE_URL", "postgres://h/d", "DATABASE_URL: must start with"),
        ("DATABASE_URL", "here", "DATABASE_URL: is not a database address."),
        ("MEGAPHONE_BASE_URL", "ftp://x", "MEGAPHONE_BASE_URL: This is not a web address."),
        ("MEGAPHONE_BASE_URL", "https://a:b@c", "MEGAPHONE_BASE_URL: The address must not hold"),
        ("TIMEZONE", "../etc/passwd", "TIMEZONE: is not a time zone"),
        ("SENTRY_DSN", "http://k@sentry.example/1", "SENTRY_DSN: The address must begin"),
        ("SENTRY_DSN", "https://k@sentry.example:0/1", "SENTRY_DSN: This is not a web address."),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS: must be names"),
        ("ALLOWED_HOSTS", "a.example:80", "ALLOWED_HOSTS: must be names"),
        ("ALLOWED_HOSTS", ".example", "ALLOWED_HOSTS: must be names"),
        ("ALLOWED_HOSTS", "::1", "ALLOWED_HOSTS: must be names"),
        ("ALLOWED_HOSTS", ",", "ALLOWED_HOSTS: must be names"),
        ("TRUSTED_PROXIES", "6", "TRUSTED_PROXIES: must be at most 5."),
        ("SECURITY_CONTACT", "someone@example.com", "SECURITY_CONTACT: must be like mailto:"),
        ("SECURITY_CONTACT", "mailto:a@b.example", "SECURITY_EXPIRES: is missing"),
        ("SECURITY_EXPIRES", "2027-02-30", "SECURITY_EXPIRES: must be a day such as"),
        ("LOG_LEVEL", "chatty", "LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR."),
    ],
)
def test_a_problem_says_what_would_be_right(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert problems()[0].startswith(expected)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, set()),
        ({"bind_address": "::"}, set()),
        ({"bind_address": "192.0.2.7"}, {"192.0.2.7"}),
        ({"bind_address": "2001:db8::7"}, {"[2001:db8::7]"}),
        ({"base_url": "https://Desk.Example:8443/at"}, {"desk.example"}),
    ],
)
def test_pages_are_reached_by_this_machines_names_and_those_that_are_set(
    given: dict[str, str], names: set[str]
) -> None:
    assert load_settings(**given).hosts == {"localhost", "127.0.0.1", "[::1]"} | names


@pytest.mark.parametrize("dsn", ["http://k@127.0.0.1:9/1", "https://k:secret@sentry.example/at/1"])
def test_errors_go_out_by_https_or_to_this_machine(dsn: str) -> None:
    found = load_settings(sentry_dsn=dsn).sentry_dsn
    assert found is not None
    assert found.get_secret_value() == dsn


def test_names_that_are_set_are_the_only_ones() -> None:
    settings = load_settings(allowed_hosts="Desk.example, [::1]", base_url="https://other.example")
    assert settings.hosts == {"desk.example", "[::1]"}


@pytest.mark.parametrize(
    ("given", "is_secure"),
    [
        ({}, False),
        ({"base_url": "http://127.0.0.1:8000"}, False),
        ({"base_url": "https://desk.example"}, True),
        ({"base_url": "https://desk.example", "secure_cookies": False}, False),
        ({"secure_cookies": True}, True),
    ],
)
def test_cookies_are_secure_where_pages_are_reached_by_https(
    given: dict[str, object], is_secure: bool
) -> None:
    assert load_settings(**given).uses_https is is_secure


def test_a_token_without_an_organisation_is_half_a_credential() -> None:
    (problem,) = problems(megaphone_api_token=CANARY)
    assert problem.startswith("MEGAPHONE_ORG_ID: is missing, but MEGAPHONE_API_TOKEN is set.")


def test_an_organisation_without_a_token_is_half_a_credential() -> None:
    (problem,) = problems(megaphone_org_id="abc")
    assert problem.startswith("MEGAPHONE_ORG_ID: is set, but MEGAPHONE_API_TOKEN is missing.")


def test_a_webhook_needs_what_signs_it() -> None:
    (problem,) = problems(webhook_url="https://hooks.example/in")
    assert problem.startswith("WEBHOOK_URL: is set, but WEBHOOK_SECRET")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mail.example",
        "smtps://mail.example:465/",
        "smtp://a%40b:p%3Aw@127.0.0.1:25",
        "smtp://[::1]:25",
    ],
)
def test_mail_servers_that_may_be_used(url: str) -> None:
    assert load_settings(mail_url=url).mail_url


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "smtp://",
        "smtp://user@mail.example",
        "smtp://a:b:c@mail.example",
        "smtp://a b",
    ],
)
def test_mail_servers_that_are_refused(url: str) -> None:
    (problem,) = problems(mail_url=url)
    assert problem.startswith("MAIL_URL: is no mail server")


def test_with_a_whole_credential_there_is_no_sandbox() -> None:
    settings = load_settings(megaphone_api_token=CANARY, megaphone_org_id="abc")
    assert not settings.uses_sandbox
    assert CANARY not in repr(settings)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/api", "http://[::1]:9", "http://localhost"]
)
def test_plain_http_is_allowed_for_this_machine(address: str) -> None:
    assert load_settings(megaphone_base_url=address).megaphone_base_url == address


def test_an_env_file_that_is_not_text_is_a_problem_in_words(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe\n")
    assert problems() == [".env cannot be read, or is not text in UTF-8."]


def test_paths_are_absolute_even_with_odd_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_DIR", "a b#?é")
    settings = load_settings()
    assert settings.instance_dir == tmp_path / "a b#?é"
    expected = str(tmp_path / "a b#?é" / "flightdeck.db")
    assert make_url(settings.sqlalchemy_url).database == expected


def test_a_relative_database_file_is_relative_to_where_the_program_was_started(
    tmp_path: Path,
) -> None:
    assert (
        load_settings(database_url="sqlite:///x.db").sqlalchemy_url == f"sqlite:///{tmp_path}/x.db"
    )


def test_the_session_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance")
    key = secret_key(settings)
    assert len(key) >= 32
    assert secret_key(settings) == key
    assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_example_lists_every_setting_with_its_default() -> None:
    listed = re.findall(r"^#? ?([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert [name for name, _ in listed] == [name.upper() for name in Settings.model_fields]
    for name, value in listed:
        default = Settings.model_fields[name.lower()].default
        if value and isinstance(default, str | int | bool):
            assert value == str(default).lower() if isinstance(default, bool) else str(default)


def test_the_example_explains_every_setting() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for above, line in pairwise(lines):
        if re.match(r"^#? ?[A-Z_]+=", line):
            assert re.match(r"# \w.{10,}", above), f"no explanation above {line}"


def test_the_readme_lists_every_setting() -> None:
    text = README.read_text()
    assert [n for n in Settings.model_fields if f"`{n.upper()}`" not in text] == []
