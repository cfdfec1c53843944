"""Static files under names that change with what is in them, so that browsers keep them for good.

``url_for("static", filename="app.css")`` gives ``/static/app.1f2e3d4c5b.css``. The plain name works
as well, and is asked about again after an hour.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, request
from markupsafe import Markup

from webapp.web.compression import TEXTS, takes_gzip

FOREVER = 365 * 24 * 60 * 60
HASH_LENGTH = 10
HIDDEN = ("README.md", "LICENSE")
ICON = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>')


@dataclass(frozen=True, slots=True)
class StaticFile:
    """``packed`` is the content compressed, where that makes it smaller."""

    hashed_name: str
    mimetype: str
    digest: str
    content: bytes
    packed: bytes | None


def init_app(app: Flask) -> None:
    app.view_functions["static"] = _serve
    app.url_defaults(_use_hashed_name)
    app.jinja_env.globals["icon"] = icon


def icon(name: str) -> Markup:
    """One symbol of ``static/icons.svg``, by its id there. A word is always beside it.

    A page has dozens: a macro with ``url_for`` took longer than all else of it.
    """
    return _icon(_icons(), name)


@cache
def _icon(address: str, name: str) -> Markup:
    return ICON.format(address, name)


def _icons() -> str:
    folder = str(current_app.static_folder)
    name = _files(folder)["icons.svg"].hashed_name
    return f"{request.root_path}{current_app.static_url_path}/{name}"


@cache
def _files(folder: str) -> Mapping[str, StaticFile]:
    """All files by their plain names, read once in the life of a process."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): _read(path, path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in HIDDEN
    }


@cache
def _plain_names(folder: str) -> Mapping[str, str]:
    return {file.hashed_name: name for name, file in _files(folder).items()}


def _read(path: Path, name: Path) -> StaticFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(content, mtime=0) if mimetype.startswith(TEXTS) else content
    hashed = name.with_name(f"{name.stem}.{digest[:HASH_LENGTH]}{name.suffix}")
    is_smaller = len(packed) < len(content)
    return StaticFile(hashed.as_posix(), mimetype, digest, content, packed if is_smaller else None)


def _use_hashed_name(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        file = _files(str(current_app.static_folder)).get(values.get("filename", ""))
        if file:
            values["filename"] = file.hashed_name


def _serve(filename: str) -> Response:
    folder = str(current_app.static_folder)
    plain = _plain_names(folder).get(filename)
    file = _files(folder).get(plain or filename)
    if file is None:
        abort(404)
    packed = file.packed if takes_gzip() else None
    response = Response(packed or file.content, mimetype=file.mimetype)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(file.digest, weak=True)
    response.cache_control.public = True
    response.cache_control.max_age = FOREVER if plain else 60 * 60
    response.cache_control.immutable = bool(plain)
    response.make_conditional(request)
    return response
