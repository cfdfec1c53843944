"""What Flightdeck stands on: settings, folders, secret key, disk, address, time zones."""

import ipaddress
import os
import shutil
import stat
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy.engine import make_url

from webapp.core.config import ENV_FILE, SECRET_NAMES, Settings
from webapp.core.keys import encryption_key_file
from webapp.ops.doctor.findings import Finding, broken, ok, warning

SHORTEST_KEY = 32
MIB = 1024 * 1024
FULL, NEARLY_FULL = 100 * MIB, 1024 * MIB
# So alike is a name only when somebody has mistyped it.
ALIKE = 0.85
# What begins like this in the environment is meant for nobody else.
OURS = ("MEGAPHONE_", "HEARTBEAT_", "FIRST_OPERATOR_", "SANDBOX_")
# Settings of what starts us, which may stand in the same file.
OTHERS = ("FLASK_", "GUNICORN_", "COMPOSE_", "POSTGRES_", "PYTHON")
FEWEST_ZONES = 100


def problems(found: Sequence[str]) -> list[Finding]:
    """Settings that cannot be used at all, as the start says them."""
    fix = "Mend it in the environment, in .env or in the file that it names."
    return [broken("settings", problem, fix) for problem in found]


def names(environment: Mapping[str, str | None], file: str = ENV_FILE) -> list[Finding]:
    """Names that nobody reads: most often a slip of the pen."""
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in SECRET_NAMES}
    in_file = [name for name in dotenv_values(file) if not name.startswith(OTHERS)]
    unknown = {name for name in in_file if name.upper() not in known}
    unknown |= {name for name in environment if _is_slip(name.upper(), known)}
    if not unknown:
        return [ok("names of settings", "all are known")]
    return [_unknown(name, known) for name in sorted(unknown)]


def _is_slip(name: str, known: Iterable[str]) -> bool:
    if name in known:
        return False
    return name.startswith(OURS) or bool(get_close_matches(name, known, 1, ALIKE))


def _unknown(name: str, known: Iterable[str]) -> Finding:
    meant = get_close_matches(name.upper(), known, 1, 0.6)
    fix = f"Is {meant[0]} meant? Rename it, or take it out." if meant else "Take it out."
    return warning("names of settings", f"{name} is no setting, and nobody reads it", fix)


def folders(settings: Settings) -> list[Finding]:
    found = [_folder("instance folder", "INSTANCE_DIR", settings.instance_dir)]
    if settings.log_files:
        found.append(_folder("log folder", "LOG_DIR", settings.logs))
    return [*found, *_exposed(settings)]


def _folder(part: str, setting: str, folder: Path) -> Finding:
    fix = f"Make it, give it to this user, or set {setting} to another folder."
    if not folder.is_dir():
        # Made at the first start, wherever that is possible.
        above = next((each for each in folder.parents if each.exists()), folder)
        if above.is_dir() and _may_write(above):
            return ok(part, f"{folder} is made at the first start")
        return broken(part, f"{folder} cannot be made, for {above} is in the way", fix)
    if not _may_write(folder):
        return broken(part, f"{folder} cannot be written to", fix)
    return ok(part, f"{folder} can be written to")


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _exposed(settings: Settings) -> list[Finding]:
    """Whether other users of this machine can read what they should not."""
    for key in (settings.instance_dir / "secret_key", encryption_key_file(settings)):
        if key.is_file() and stat.S_IMODE(key.stat().st_mode) & 0o077:
            words = f"{key} can be read by other users of this machine"
            return [broken("permissions", words, f"Run: chmod 600 {key}; then replace the key.")]
    if settings.instance_dir.is_dir():
        mode = stat.S_IMODE(settings.instance_dir.stat().st_mode)
        fix = f"Run: chmod 700 {settings.instance_dir}"
        if mode & 0o022:
            words = f"{settings.instance_dir} can be written to by other users of this machine"
            return [broken("permissions", words, fix)]
        if mode & 0o005 and _is_readable_by_all(_file_of(settings)):
            words = "the database can be read by other users of this machine"
            return [warning("permissions", words, fix)]
    return [ok("permissions", "other users of this machine are kept out")]


def _file_of(settings: Settings) -> Path | None:
    """The SQLite file, when it lies in the instance folder."""
    url = make_url(settings.sqlalchemy_url)
    path = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    return path if path and path.parent == settings.instance_dir else None


def _is_readable_by_all(path: Path | None) -> bool:
    return path is not None and path.is_file() and bool(path.stat().st_mode & stat.S_IROTH)


def key(settings: Settings) -> list[Finding]:
    """The key that signs sessions. One in the settings was measured when they were read."""
    if settings.secret_key:
        return [ok("secret key", "it is set")]
    path = settings.instance_dir / "secret_key"
    fix = "Set SECRET_KEY to 32 random characters or more; everybody signs in again."
    try:
        length = len(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return [broken("secret key", f"there is none: neither SECRET_KEY nor {path}", fix)]
    except (OSError, UnicodeDecodeError):
        return [broken("secret key", f"{path} cannot be read", fix)]
    if length < SHORTEST_KEY:
        words = f"{path} has {length} characters; it takes {SHORTEST_KEY}"
        return [broken("secret key", words, f"Delete {path}: the next start makes a good one.")]
    return [ok("secret key", f"it is in {path}")]


def disk(settings: Settings, full: int = FULL, nearly: int = NEARLY_FULL) -> list[Finding]:
    """Whether there is room left, on each disk that is written to."""
    places = [settings.instance_dir, settings.logs, _file_of(settings)]
    by_disk = {place.stat().st_dev: place for place in places if place and place.exists()}
    return [_room(place, full, nearly) for place in by_disk.values()]


def _room(place: Path, full: int, nearly: int) -> Finding:
    free = shutil.disk_usage(place).free
    words = f"{free // MIB:,} MiB are free on the disk of {place}"
    if free < full:
        return broken("disk", words, "Make room: nothing can be saved when it is full.")
    if free < nearly:
        return warning("disk", words, "Make room before it is full.")
    return ok("disk", words)


def address(settings: Settings) -> list[Finding]:
    bound = settings.bind_address
    is_open = bound != "localhost" and not ipaddress.ip_address(bound).is_loopback
    if is_open and not settings.uses_https:
        return [
            warning(
                "address",
                f"BIND_ADDRESS={bound} lets others in, and SECURE_COOKIES is not set",
                "Put a proxy with TLS in front, and set SECURE_COOKIES=true.",
            )
        ]
    if settings.uses_https and not settings.trusted_proxies:
        return [
            warning(
                "address",
                f"https is set, but {bound} is served by plain http and TRUSTED_PROXIES is 0: who "
                "signs in shares the proxy's address, and forms are not checked for their Referer",
                "Set TRUSTED_PROXIES to the number of proxies in front, mostly 1.",
            )
        ]
    return [ok("address", f"served on {bound}")]


def zones() -> list[Finding]:
    number = len(zoneinfo.available_timezones())
    if number < FEWEST_ZONES:
        words = f"this machine knows {number} time zones, so times cannot be shown in any other"
        fix = "Install the system's tzdata package, or the one for Python: pip install tzdata"
        return [broken("time zones", words, fix)]
    return [ok("time zones", f"{number} are known")]
