"""The doctor on settings, folders, key, disk, address and time zones; and as a command."""

import json
import os
import socket
import stat
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.cli.conftest import Terminal
from tests.support.databases import migrate
from webapp.core.clock import utc_now
from webapp.core.config import Settings, SettingsError, load_settings
from webapp.core.db import transaction
from webapp.ops.doctor import examination, surroundings
from webapp.ops.doctor.findings import BROKEN, OK, WARNING, Finding, status_of
from webapp.sync import leases
from webapp.sync.lead import LASTS, NAME

ROOT = Path(__file__).resolve().parents[2]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Whom files of the superuser are closed to.
NOBODY = 65534


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    """Settings of a folder as the first start makes it."""
    folder = tmp_path / "place"
    (folder / "log").mkdir(parents=True)
    for each in (folder, folder / "log"):
        each.chmod(0o700)
    key = folder / "secret_key"
    key.write_text("k" * 48)
    key.chmod(0o600)
    return Settings(instance_dir=folder)


def the(found: list[Finding], part: str) -> Finding:
    (one,) = [each for each in found if each.part == part]
    return one


def test_a_place_as_the_first_start_makes_it_is_well(place: Settings) -> None:
    found = [
        *surroundings.names({}),
        *surroundings.folders(place),
        *surroundings.key(place),
        *surroundings.disk(place, full=1, nearly=2),
        *surroundings.address(place),
        *surroundings.zones(),
    ]
    assert {each.verdict for each in found} == {OK}, found
    assert status_of(found) == 0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MEGAPHONE_TOKEN", "MEGAPHONE_API_TOKEN"),
        ("MEGAPHONE_ORGANISATION", None),
        ("DATABASE_URI", "DATABASE_URL"),
        ("SECRETKEY", "SECRET_KEY"),
        ("HEARTBEAT_PULL", "HEARTBEAT_PULL_URL"),
    ],
)
def test_a_misspelt_setting_is_named_with_what_is_meant(name: str, meant: str | None) -> None:
    (found,) = surroundings.names({name: "x", "PATH": "/bin", "LOGNAME": "root", "HOME": "/"})
    assert (found.verdict, name in found.words) == (WARNING, True)
    assert meant is None or f"Is {meant} meant?" in found.fix


def test_a_setting_in_a_file_that_nobody_reads_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SYNC_EVERY=5\nFLASK_DEBUG=1\nPORT=8000\nSECRET_KEY_FILE=/run/key\n")
    (found,) = surroundings.names({}, str(file))
    assert "SYNC_EVERY" in found.words
    assert found.verdict == WARNING


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"secret_key": "short"}, "SECRET_KEY: must have at least 32 characters"),
        ({"database_url": "mysql://x/y"}, "DATABASE_URL: must start with sqlite"),
        ({"port": "many"}, "PORT: must be a whole number"),
        ({"timezone": "Mars/Olympus"}, "TIMEZONE: is not a time zone"),
    ],
)
def test_settings_that_cannot_be_used_are_said_one_by_one(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**values)
    found = examination.of_problems(caught.value.problems)
    (broken,) = [each for each in found if each.verdict == BROKEN]
    assert said in broken.words
    assert status_of(found) == 1


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user without rights, where the tests run with all of them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_path(tmp_path: Path) -> None:
    """Others get as far as the test's own folder."""
    folders = [each for each in (tmp_path, *tmp_path.parents) if "pytest" in str(each)]
    for each in folders:
        # They stay open: another process's test, whose folder they hold too, may count on it.
        if each.stat().st_uid == os.geteuid():
            each.chmod(stat.S_IMODE(each.stat().st_mode) | 0o011)


@pytest.mark.usefixtures("open_path")
@pytest.mark.parametrize("which", ["instance", "log"])
def test_a_folder_that_cannot_be_written_to(place: Settings, which: str) -> None:
    folder = place.instance_dir if which == "instance" else place.logs
    place.instance_dir.chmod(0o755)
    folder.chmod(0o555)
    with as_nobody():
        found = the(surroundings.folders(place), f"{which} folder")
    assert (found.verdict, found.words) == (BROKEN, f"{folder} cannot be written to")
    assert ("LOG_DIR" if which == "log" else "INSTANCE_DIR") in found.fix
    folder.chmod(0o700)


def test_without_log_files_their_folder_does_not_matter(place: Settings) -> None:
    silent = place.model_copy(update={"log_files": False, "log_dir": Path("/dev/null/log")})
    assert {each.verdict for each in surroundings.folders(silent)} == {OK}


def test_a_folder_that_cannot_be_made(place: Settings) -> None:
    nowhere = place.model_copy(update={"instance_dir": Path("/dev/null/instance")})
    found = the(surroundings.folders(nowhere), "instance folder")
    assert found.verdict == BROKEN
    assert "/dev/null is in the way" in found.words


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_secret_key_that_others_can_read(place: Settings, mode: int) -> None:
    (place.instance_dir / "secret_key").chmod(mode)
    found = the(surroundings.folders(place), "permissions")
    assert found.verdict == BROKEN
    assert "chmod 600" in found.fix


def test_an_instance_folder_that_others_can_write_to(place: Settings) -> None:
    place.instance_dir.chmod(0o770)
    found = the(surroundings.folders(place), "permissions")
    assert (found.verdict, "chmod 700" in found.fix) == (BROKEN, True)


def test_a_database_that_others_can_read(place: Settings) -> None:
    database = place.instance_dir / "flightdeck.db"
    database.write_text("")
    database.chmod(0o644)
    assert the(surroundings.folders(place), "permissions").verdict == OK
    place.instance_dir.chmod(0o755)
    found = the(surroundings.folders(place), "permissions")
    assert (found.verdict, "database can be read" in found.words) == (WARNING, True)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "there is none"), ("short", "has 5 characters"), ("", "has 0")]
)
def test_a_secret_key_that_is_missing_or_too_short(
    place: Settings, content: str | None, said: str
) -> None:
    key = place.instance_dir / "secret_key"
    key.unlink()
    if content is not None:
        key.write_text(content)
    (found,) = surroundings.key(place)
    assert (found.verdict, said in found.words) == (BROKEN, True)


@pytest.mark.parametrize(
    ("full", "nearly", "verdict"), [(2**60, 2**61, BROKEN), (1, 2**60, WARNING), (1, 2, OK)]
)
def test_a_disk_that_is_nearly_full(place: Settings, full: int, nearly: int, verdict: str) -> None:
    found = surroundings.disk(place, full, nearly)
    assert {each.verdict for each in found} == {verdict}


@pytest.mark.parametrize(
    ("bound", "secure", "verdict"),
    [
        ("10.1.2.3", False, WARNING),
        ("::", False, WARNING),
        ("10.1.2.3", True, OK),
        ("127.0.0.1", False, OK),
        ("localhost", False, OK),
    ],
)
def test_an_open_address_without_secure_cookies(bound: str, secure: bool, verdict: str) -> None:
    settings = Settings(bind_address=bound, secure_cookies=secure, trusted_proxies=1)
    (found,) = surroundings.address(settings)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    "https", [{"base_url": "https://desk.example"}, {"secure_cookies": True}], ids=str
)
def test_https_by_a_proxy_that_is_not_counted(https: dict[str, Any]) -> None:
    (found,) = surroundings.address(Settings(**https))
    assert (found.verdict, "TRUSTED_PROXIES" in found.fix) == (WARNING, True)
    assert "TRUSTED_PROXIES is 0" in found.words
    (counted,) = surroundings.address(Settings(**https, trusted_proxies=1))
    assert counted.verdict == OK


def test_time_zones_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Neither the system's data nor those of the package.
    monkeypatch.setitem(sys.modules, "tzdata", None)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    try:
        (found,) = surroundings.zones()
    finally:
        zoneinfo.reset_tzpath(to=before)
    assert (found.verdict, "tzdata" in found.fix) == (BROKEN, True)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``flask doctor`` as somebody at a shell does, with these settings."""

    def doctor(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "doctor", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    return doctor


def test_the_command_works_where_settings_cannot_be_used(run: Any, tmp_path: Path) -> None:
    result = run(INSTANCE_DIR=str(tmp_path / "i"), SECRET_KEY="short", MEGAPHONE_TOKEN="x")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("BAD  settings: SECRET_KEY: must have at least 32 characters")
    assert lines[1].startswith("WARN names of settings: MEGAPHONE_TOKEN is no setting")


def test_the_command_works_where_the_instance_cannot_be_made(run: Any) -> None:
    result = run("--json", INSTANCE_DIR="/dev/null/instance")
    assert result.returncode == 1, result.stderr
    parts = {each["part"]: each["verdict"] for each in json.loads(result.stdout)}
    assert parts["instance folder"] == parts["database"] == "broken"


def test_another_command_says_why_it_cannot_start_and_names_the_doctor() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "health"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_DIR": "/dev/null/instance"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Flightdeck cannot be started" in result.stderr
    assert "flask doctor" in result.stderr
    assert "Traceback" not in result.stderr


@ON_SQLITE
def test_it_names_a_new_place_as_without_a_database_and_makes_none(
    run: Any, tmp_path: Path, database_url: str
) -> None:
    result = run(INSTANCE_DIR=str(tmp_path / "new"))
    assert result.returncode == 1
    assert "there is no database" in result.stdout
    assert not list((tmp_path / "new").glob("*.db"))


def test_one_that_is_well_but_for_warnings_ends_with_3(app: Flask, settings: Settings) -> None:
    settings.instance_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with transaction():
        factories.operator("admin")
        factories.connection(last_success_at=utc_now())
        leases.take_or_renew(NAME, "somebody", utc_now(), LASTS)
    result = Terminal(app)("doctor", "--json")
    found = json.loads(result.stdout)
    others = [each for each in found if each["verdict"] != "ok"]
    # The bundled sandbox stands in, and that is all.
    assert [(each["part"], each["verdict"]) for each in others] == [("connection", "warning")]
    assert result.exit_code == 3


def test_it_mends_nothing(run: Any, tmp_path: Path) -> None:
    """What was there before is there after it, to the byte."""
    folder = tmp_path / "old"
    folder.mkdir(mode=0o755)
    migrate(f"sqlite:///{folder / 'flightdeck.db'}", folder)
    (folder / "secret_key").write_text("short")
    (folder / "secret_key").chmod(0o644)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = run("--no-ask", INSTANCE_DIR=str(folder), LOG_FILES="false")
    assert result.returncode == 1
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert after == before
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o644


def test_nothing_listens_means_nothing_is_asked(app: Flask) -> None:
    """Asked not to ask, it opens no connection to the ad server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        port = listener.getsockname()[1]
        known = Settings(
            megaphone_api_token="token",
            megaphone_org_id="organisation",
            megaphone_base_url=f"http://127.0.0.1:{port}/api",
        )
        examination.of_everything(
            app.config["SETTINGS"].model_copy(
                update={name: getattr(known, name) for name in known.model_fields_set}
            ),
            utc_now(),
            ask_ad_server=False,
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
