"""Locking stored secrets: bound to their place, opened by any of the keys, locked by the newest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from tests.support.stack import PATIENCE, ROOT
from webapp.core.config import SettingsError, load_settings
from webapp.core.crypt import CannotOpen, decrypt, encrypt, is_newest
from webapp.core.keys import encryption_key_file, encryption_keys, made_key, new_key

HERE = "connection:3:credential"


def with_keys(app: Flask, *keys: str) -> None:
    settings = app.config["SETTINGS"]
    changed = {"encryption_key": SecretStr(", ".join(keys))}
    app.config["SETTINGS"] = settings.model_copy(update=changed)


@pytest.fixture
def place(app: Flask) -> Flask:
    return app


@pytest.mark.parametrize("text", ["", "token", "two\nlines", "ünï🔑", "x" * 10_000])
def test_what_was_locked_opens_in_its_place_and_shows_nothing(place: Flask, text: str) -> None:
    locked = encrypt(text, bound_to=HERE)
    assert decrypt(locked, bound_to=HERE) == text
    assert not text or text not in locked
    assert HERE not in locked
    # The same text is never the same twice: equal secrets are not seen to be equal.
    assert encrypt(text, bound_to=HERE) != locked


@pytest.mark.parametrize(
    "other", ["connection:4:credential", "operator:3:totp", "", "connection:3:credential\nx"]
)
def test_in_another_place_it_does_not_open(place: Flask, other: str) -> None:
    locked = encrypt("x\ntoken", bound_to=HERE)
    with pytest.raises(CannotOpen):
        decrypt(locked, bound_to=other)


def test_what_was_tampered_with_does_not_open(place: Flask) -> None:
    locked = encrypt("token", bound_to=HERE)
    for changed in (locked[:-5] + "AAAA=", "A" + locked[1:], locked[:40], "", "täuschung"):
        with pytest.raises(CannotOpen):
            decrypt(changed, bound_to=HERE)


def test_an_older_key_opens_and_the_newest_locks(place: Flask) -> None:
    old, new = made_key(), made_key()
    with_keys(place, old)
    locked = encrypt("token", bound_to=HERE)
    with_keys(place, new, old)
    assert decrypt(locked, bound_to=HERE) == "token"
    assert not is_newest(locked)
    assert is_newest(encrypt("token", bound_to=HERE))
    with_keys(place, new)
    with pytest.raises(CannotOpen):
        decrypt(locked, bound_to=HERE)


def test_nothing_of_a_secret_is_in_the_error(place: Flask) -> None:
    locked = encrypt("canary", bound_to=HERE)
    with pytest.raises(CannotOpen) as caught:
        decrypt(locked, bound_to="elsewhere")
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_key_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance")
    (key,) = encryption_keys(settings)
    assert encryption_keys(settings) == [key]
    assert encryption_key_file(settings).stat().st_mode & 0o777 == 0o600

    with new_key(settings):
        newer, older = encryption_keys(settings)
    assert older == key != newer
    assert encryption_key_file(settings).stat().st_mode & 0o777 == 0o600
    left = sorted(each.name for each in settings.instance_dir.iterdir())
    assert left == ["encryption_key", "encryption_key.lock"]


MANY = 100
ADDING = f"""
import sys
from webapp.core.config import load_settings
from webapp.core.keys import new_key

settings = load_settings(instance_dir=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range({MANY}):
    with new_key(settings):
        pass
"""


def test_of_two_processes_that_add_keys_neither_drops_the_others(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance")
    command = [sys.executable, "-c", ADDING, str(settings.instance_dir)]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=path
        )
        for _ in range(2)
    ]
    for each in both:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    for each in both:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    for each in both:
        each.communicate(timeout=3 * PATIENCE)
        assert each.returncode == 0
    assert len(set(encryption_keys(settings))) == 2 * MANY + 1


def test_a_draft_that_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path)
    (tmp_path / f"encryption_key.{os.getpid()}").write_text("half a")
    with new_key(settings):
        assert len(encryption_keys(settings)) == 2


def test_a_new_key_is_on_the_disk_before_anything_is_locked_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(instance_dir=tmp_path)
    encryption_keys(settings)
    written: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda to: written.append(os.fstat(to).st_ino))
    with new_key(settings):
        assert written == [encryption_key_file(settings).stat().st_ino, tmp_path.stat().st_ino]


def test_keys_of_the_settings_come_parted_by_commas_or_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = made_key(), made_key()
    (tmp_path / "keys").write_text(f"{one}\n{two}\n")
    monkeypatch.setenv("ENCRYPTION_KEY_FILE", str(tmp_path / "keys"))
    assert encryption_keys(load_settings()) == [one, two]
    monkeypatch.delenv("ENCRYPTION_KEY_FILE")
    monkeypatch.setenv("ENCRYPTION_KEY", f"{two}, {one}")
    assert encryption_keys(load_settings()) == [two, one]


@pytest.mark.parametrize("keys", ["short", "a" * 44, f"{'a' * 43}=,secret-canary"])
def test_what_is_no_key_is_said_without_showing_it(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", keys)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.startswith("ENCRYPTION_KEY: is no list of keys")
    assert keys not in problem
