"""``make run``: everything starts by one command, can be used, and ends by one key.

Starting takes seconds, so those that end nothing share one. Each test holds without those before
it, and in any order: the processes that run the tests may share them out.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.running import PATIENCE, REPOSITORY, Launcher, alive, wait_for
from tests.support.ports import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

EMAIL = "operator@example.com"
CANARY = "canary-password-of-the-first-operator"
CAMPAIGNS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Launcher]:
    with Launcher(folder, SANDBOX_CAMPAIGNS=CAMPAIGNS) as launcher:
        yield launcher.started()


def list_campaigns(launcher: Launcher) -> str:
    """The list, signed in, once the first sync has filled it."""
    assert launcher.sign_in(EMAIL, launcher.password)
    pages: list[str] = []

    def listed() -> bool:
        page = launcher.session.get(f"{launcher.address}/campaigns", timeout=PATIENCE)
        assert page.status_code == 200
        pages.append(page.text)
        return page.text.count('href="/campaigns/') >= CAMPAIGNS

    wait_for(listed, launcher)
    return pages[-1]


def test_the_sign_in_page_is_there_within_seconds(first: Launcher) -> None:
    page = first.session.get(f"{first.address}/sign-in", timeout=PATIENCE)
    assert page.status_code == 200
    assert "Sign in" in page.text
    # About 3 s on a machine that does nothing else, of which loading the application takes most.
    assert first.took < 20 + 10 * seconds_to_load()


def seconds_to_load() -> float:
    """What one process takes for it on this machine, as busy as it is."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import webapp.app"], cwd=REPOSITORY, check=True)
    return time.monotonic() - began


def test_the_first_operator_is_shown_once_and_can_sign_in(first: Launcher) -> None:
    assert first.line("Flightdeck runs at") == f"{first.address}/"
    assert first.line("Sign in with e-mail") == EMAIL
    assert first.line("To invite others") == "flask operators first-admin"
    assert len(first.password) >= 20
    assert not first.sign_in(EMAIL, "something else entirely")
    assert first.sign_in(EMAIL, first.password)


def test_the_sandbox_shows_its_page(first: Launcher) -> None:
    assert first.session.get(first.line("Practice Megaphone"), timeout=PATIENCE).status_code == 200


def test_campaigns_are_on_the_page_soon_after_the_start(first: Launcher) -> None:
    assert "Sync" in list_campaigns(first)


def test_a_search_of_ten_kilobytes_is_answered_in_words(first: Launcher) -> None:
    assert first.sign_in(EMAIL, first.password)
    page = first.session.get(
        f"{first.address}/campaigns", params={"q": "x" * 10_240}, timeout=PATIENCE
    )
    assert page.status_code == 200
    assert "A query has at most 500 characters" in page.text
    call = first.session.get(f"{first.address}/api/v1/campaigns?q={'x' * 10_240}", timeout=PATIENCE)
    assert call.json()["code"] == "no_token"


def test_what_is_private_is_readable_by_the_owner_only(first: Launcher, folder: Path) -> None:
    instance = folder / "instance"
    assert instance.stat().st_mode & 0o777 == 0o700
    for name in ("secret_key", "sandbox_token", "sandbox.json"):
        assert (instance / name).stat().st_mode & 0o777 == 0o600


def test_no_secret_is_in_a_log(first: Launcher, folder: Path) -> None:
    instance = folder / "instance"
    list_campaigns(first)
    written = "".join(path.read_text() for path in (instance / "log").glob("*.log"))
    for process in ("web", "worker", "launcher"):
        assert f'"process": "{process}"' in written
    token = (instance / "sandbox_token").read_text()
    for secret in (first.password, (instance / "secret_key").read_text(), token):
        assert secret not in written
    assert token not in first.said


def test_a_second_launcher_on_the_same_folder_says_so(first: Launcher, folder: Path) -> None:
    with Launcher(folder) as second:
        assert second.ended() == 1
        assert second.said.startswith("Flightdeck is running already on")
        assert f"process {first.process.pid}" in second.said


def test_a_worker_that_dies_is_started_again(first: Launcher) -> None:
    worker = first.child("wsgi worker")
    assert worker
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: first.child("wsgi worker") not in (None, worker), first)
    assert "The worker stopped with status -9. Starting it again in 0.5 s." in first.said


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    with Launcher(tmp_path) as launcher:
        children = launcher.started().children()
        for part in ("webapp.sandbox", "gunicorn", "wsgi worker"):
            assert launcher.child(part)
        assert launcher.stop() == 0
        assert alive(children) == {}
        assert not (tmp_path / "instance" / "sandbox.json").exists()


def test_a_second_start_keeps_password_and_data_and_killed_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with Launcher(tmp_path, SANDBOX_CAMPAIGNS=CAMPAIGNS) as before:
        list_campaigns(before.started())
        before.stop()
    with Launcher(tmp_path) as again:
        assert "and password" not in again.started().said
        assert again.sign_in(EMAIL, before.password)
        page = again.session.get(f"{again.address}/campaigns", timeout=PATIENCE)
        assert page.text.count('href="/campaigns/') >= CAMPAIGNS
        children = again.children()
        again.process.kill()
        again.ended()
        wait_for(lambda: alive(children) == {}, again)


def test_with_a_credential_and_a_given_password_and_when_the_web_server_dies(
    tmp_path: Path,
) -> None:
    (tmp_path / "password").write_text(CANARY)
    settings = {
        "FIRST_OPERATOR_EMAIL": "me@example.com",
        "FIRST_OPERATOR_PASSWORD_FILE": tmp_path / "password",
        "MEGAPHONE_BASE_URL": f"http://127.0.0.1:{free_port()}/api",
        "MEGAPHONE_API_TOKEN": "token-of-a-real-account",
        "MEGAPHONE_ORG_ID": "0f0f0f0f-0000-11f0-8de9-0242ac120002",
    }
    with Launcher(tmp_path, **settings) as launcher:
        assert "Practice Megaphone" not in launcher.started().said
        assert launcher.child("webapp.sandbox") is None
        assert launcher.password == "the one you set"
        assert launcher.sign_in("me@example.com", CANARY)
        children = launcher.children()
        os.kill(launcher.child("gunicorn") or 0, signal.SIGKILL)
        assert launcher.ended() == 1
        assert "The web server stopped with status -9. Stopping everything." in launcher.said
        assert CANARY not in launcher.said
        wait_for(lambda: alive(children) == {}, launcher)


def test_an_end_wanted_during_the_start_is_an_end(tmp_path: Path) -> None:
    with Launcher(tmp_path) as launcher:
        wait_for(lambda: launcher.child("webapp.sandbox"), launcher)
        children = launcher.children()
        assert launcher.stop(signal.SIGTERM) == 0
        assert "Traceback" not in launcher.said
        assert alive(children) == {}


def test_a_port_in_use_is_named_with_the_setting_to_change(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with Launcher(tmp_path, SANDBOX_PORT=port) as launcher:
            assert launcher.ended() == 2
    assert launcher.said == (
        f"Port {port} is in use by another program. Set SANDBOX_PORT to another port.\n"
    )


def test_without_a_port_for_it_the_sandbox_takes_another_when_the_usual_one_is_in_use(
    tmp_path: Path,
) -> None:
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(socket.socket())
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            # Taken by somebody else it is in use as well.
            other.bind(("127.0.0.1", 8001))
            other.listen()
        with Launcher(tmp_path, SANDBOX_PORT=None) as launcher:
            address = launcher.started().line("Practice Megaphone")
    assert not address.rstrip("/").endswith(":8001")


def test_all_settings_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    settings = {"PORT": "x", "TIMEZONE": "Mars", "MEGAPHONE_API_TOKEN": "canary token"}
    with Launcher(tmp_path, **settings) as launcher:
        assert launcher.ended() == 2
    first_line, *problems = launcher.said.splitlines()
    assert first_line == "These settings cannot be used:"
    names = [line.split(":")[0].strip() for line in problems]
    assert names == ["PORT", "MEGAPHONE_API_TOKEN", "TIMEZONE"]
    assert "canary" not in launcher.said
    assert not (tmp_path / "instance").exists()
