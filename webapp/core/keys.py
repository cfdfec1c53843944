"""The keys of an installation: those set, else ones made once and kept in the instance folder.

``secret_key`` signs sessions. The encryption keys lock what is stored; see ``webapp.core.crypt``.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from webapp.core.config import Settings, each_key


def secret_key(settings: Settings) -> str:
    """The key that signs sessions."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    return _kept(settings.instance_dir / "secret_key", secrets.token_urlsafe(48))


def encryption_keys(settings: Settings) -> list[str]:
    """The keys that open what is stored, the newest first: it locks what is stored from now on."""
    if settings.encryption_key:
        return each_key(settings.encryption_key)
    return each_key(SecretStr(_kept(encryption_key_file(settings), made_key())))


def encryption_key_file(settings: Settings) -> Path:
    return settings.instance_dir / "encryption_key"


@contextmanager
def new_key(settings: Settings) -> Iterator[None]:
    """Put a new key before those in the instance folder. Whoever reads meanwhile reads a whole.

    Nobody else adds one until the block ends: of two at once, the later would drop the other's.
    """
    path = encryption_key_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = [made_key(), *encryption_keys(settings)]
        _draft(path, "\n".join(keys)).replace(path)
        _write_out(path.parent)
        yield


def made_key() -> str:
    """A new encryption key."""
    return Fernet.generate_key().decode("ascii")


def _kept(path: Path, made: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, made)
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    draft = _draft(path, text)
    # A link appears whole or not at all, so two processes that start together agree on one key.
    try:
        os.link(draft, path)
        _write_out(path.parent)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _draft(path: Path, text: str) -> Path:
    # By chance: one that a killed process left is in nobody's way.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        # What is locked with a key must not outlive it when the power fails.
        os.fsync(file.fileno())
    return draft


def _write_out(folder: Path) -> None:
    """Have the disk know of a new name in here."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
