"""The page “First script in five minutes”: its code is run as it stands, on the running product."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support.stack import ROOT, Stack, running_stack
from webapp.api import markdown
from webapp.campaigns.models import Campaign
from webapp.core.db import db

PAGE = ROOT / "docs" / "api" / "first-script.md"
WRITTEN_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def code(language: str) -> list[str]:
    blocks = markdown.blocks(PAGE.read_text("utf-8"))
    return [block.text for block in blocks if block.kind == "code" and block.language == language]


def ran(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def token(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Made by the page's own lines, at the shell of the machine that runs Flightdeck."""
    lines = code("bash")[0].replace(".venv/bin/flask", f"'{sys.executable}' -m flask")
    used = stack.app.config["SETTINGS"]
    settings = {"DATABASE_URL": used.sqlalchemy_url, "INSTANCE_DIR": str(used.instance_dir)}
    said = ran(["bash", "-euo", "pipefail", "-c", f"{lines}\necho $TOKEN"], ROOT, settings)
    return said.strip()


def test_the_lines_of_the_shell_do_what_the_page_says(
    stack: Stack, token: str, tmp_path: Path
) -> None:
    lines = "\n".join(["set -euo pipefail", *code("bash")[1:]])

    ran(["bash", "-c", lines], tmp_path, {"BASE_URL": stack.url, "TOKEN": token})

    booked = json.loads((tmp_path / "booked.json").read_text())
    assert booked["sync"]["state"] == "confirmed"
    assert titles(stack) == ["Spring launch 2026"]
    assert stack.written(booked["external_id"])[0] == "POST"


def test_the_python_script_does_what_the_page_says(
    stack: Stack, token: str, tmp_path: Path
) -> None:
    (script,) = code("python")

    said = ran([sys.executable, "-c", script], tmp_path, {"BASE_URL": stack.url, "TOKEN": token})

    assert said.splitlines()[0].startswith("201 ")
    assert said.splitlines()[0].endswith(" confirmed")
    assert "success" in said
    assert "Autumn launch 2026" in titles(stack)


def test_a_script_that_may_not_says_so_in_the_problem_s_words(stack: Stack, tmp_path: Path) -> None:
    (script,) = code("python")
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"BASE_URL": stack.url, "TOKEN": "wrong"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("no_token: ")


def test_the_page_names_the_address_that_is_served_by_default(stack: Stack) -> None:
    assert WRITTEN_URL in code("bash")[0]
    assert type(stack.app.config["SETTINGS"]).model_fields["port"].default == 8000


def titles(stack: Stack) -> list[str]:
    """Of the campaigns that were booked here."""
    query = select(Campaign.title).where(Campaign.title.contains("launch 2026"))
    return stack.read(lambda: sorted(db.session.scalars(query)))
