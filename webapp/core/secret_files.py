"""Secrets from files: ``MEGAPHONE_API_TOKEN_FILE=/run/secrets/token`` in the secret's place."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class UnusableFile:
    """Stands where a secret file's content would; becomes a problem in words."""

    def __init__(self, problem: str) -> None:
        self.problem = problem


class SecretFileSource(PydanticBaseSettingsSource):
    """Reads ``NAME_FILE`` for each secret: its content, without the closing line break."""

    def __init__(
        self, settings_cls: type[BaseSettings], names: Iterable[str], env_file: str
    ) -> None:
        super().__init__(settings_cls)
        self.names = names
        self.env_file = env_file

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        # The environment outweighs .env, whichever of the two forms it uses.
        places = (os.environ, dotenv_values(self.env_file))
        found: dict[str, Any] = {}
        for name in self.names:
            place = next((p for p in places if p.get(name) or p.get(f"{name}_FILE")), {})
            path = place.get(f"{name}_FILE")
            if path and place.get(name):
                problem = f"is set twice, also by {name}_FILE; keep one of them"
                found[name.lower()] = UnusableFile(problem)
            elif path:
                found[name.lower()] = _read_secret(name, Path(path))
        return found


def _read_secret(name: str, path: Path) -> str | UnusableFile:
    try:
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        return UnusableFile(f"{path}, named by {name}_FILE, cannot be read ({reason})")
    return content or UnusableFile(f"{path}, named by {name}_FILE, is empty")
