"""How commands reach the sandbox that the launcher started: it leaves that in the instance folder.

In a file that only its owner can read, for as long as the launcher runs. Without one the sandbox
does not run, and nothing is called: its connection is not to be judged by settings that lack it.
"""

import json
import os
from pathlib import Path

from pydantic import SecretStr

from webapp.core.config import Settings

FILE = "sandbox.json"


def with_sandbox(settings: Settings, base_url: str, token: str, organization: str) -> Settings:
    """The settings, with the sandbox in the ad server's place."""
    credential = {
        "megaphone_base_url": base_url,
        "megaphone_api_token": SecretStr(token),
        "megaphone_org_id": organization,
    }
    return settings.model_copy(update=credential)


def leave(settings: Settings, base_url: str, token: str, organization: str) -> None:
    """Leave it to the commands. Whoever reads meanwhile finds all of it or what was there."""
    path = _path(settings)
    made = path.with_suffix(".new")
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"base_url": base_url, "token": token, "organization": organization}, file)
    made.replace(path)


def take_away(settings: Settings) -> None:
    _path(settings).unlink(missing_ok=True)


def found(settings: Settings) -> Settings | None:
    """The settings with the sandbox that runs, or ``None`` when none does."""
    try:
        left = json.loads(_path(settings).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return with_sandbox(settings, **left)


def _path(settings: Settings) -> Path:
    return settings.instance_dir / FILE
