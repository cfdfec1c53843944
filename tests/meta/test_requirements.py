"""What is installed is exactly what is written down, and all of it is."""

import ast
import re
import sys
from collections.abc import Mapping
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.sources import ROOT, sources
from webapp.core.config import SECRET_NAMES, Settings, load_settings

FILES = ("requirements.txt", "requirements-dev.txt")
LINE = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[0-9][0-9a-z.]*")


def pinned(name: str) -> Mapping[str, Requirement]:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-r ")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_one_exact_version(name: str) -> None:
    for line in (ROOT / name).read_text().splitlines():
        wanted = line.split("#")[0].strip()
        assert not wanted or wanted.startswith("-r ") or LINE.fullmatch(wanted), wanted


def test_what_the_runtime_needs_is_pinned_down_to_the_last_package() -> None:
    known = pinned("requirements.txt")
    missing = {
        f"{needed.name} (for {requirement.name})"
        for requirement in known.values()
        for needed in _needed_by(requirement)
        if canonicalize_name(needed.name) not in known and "==" not in str(needed.specifier)
    }
    assert missing == set()


def _needed_by(requirement: Requirement) -> list[Requirement]:
    needed = [Requirement(text) for text in metadata.requires(requirement.name) or ()]
    extras = requirement.extras or {""}
    return [
        one
        for one in needed
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def test_what_the_product_imports_is_a_runtime_requirement() -> None:
    owners = metadata.packages_distributions()
    known = set(pinned("requirements.txt"))
    foreign = {
        name.split(".")[0]
        for source in (*sources("webapp"), *sources("migrations"))
        for node in ast.walk(source.tree)
        for name in _imported(node)
    } - {"webapp", "_typeshed", *sys.stdlib_module_names}
    unknown = [
        name
        for name in sorted(foreign)
        if not known & {canonicalize_name(owner) for owner in owners.get(name, ())}
    ]
    assert unknown == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "webapp"] if isinstance(node, ast.ImportFrom) else []


def test_the_example_names_every_setting_with_a_line_about_it() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#? ?([A-Z][A-Z_]+)=", line))}
    settings = {name.upper() for name in Settings.model_fields}

    assert settings - named == set()
    assert named - settings - {f"{name}_FILE" for name in SECRET_NAMES} == set()


def test_the_example_can_be_used_as_it_is(tmp_path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    settings = load_settings()
    assert settings.uses_sandbox
    assert settings.model_dump(exclude={"instance_dir"}) == Settings(_env_file=None).model_dump(
        exclude={"instance_dir"}
    )
