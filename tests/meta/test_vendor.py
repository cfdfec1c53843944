"""Vendored files are the published ones: each listed with its hash, and nothing else lies there."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "static" / "vendor", ROOT / "tests" / "browser" / "vendor")
ROW = re.compile(r"\| (\S+) \| (\d+[\d.]+) \| (\S+) \| `([^`]+)` \| `([0-9a-f]{64})` \|")


def listed(folder: Path) -> dict[str, str]:
    """File name -> SHA-256, as the folder's README says."""
    rows = ROW.findall((folder / "README.md").read_text())
    return {name: digest for _, _, _, name, digest in rows}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_vendored_file_is_listed_and_every_listed_file_exists(folder: Path) -> None:
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(listed(folder)) == there - {"README.md"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_vendored_file_has_the_hash_in_the_readme(folder: Path) -> None:
    entries = listed(folder)
    assert entries
    real = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in entries}
    assert real == entries


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_vendored_package_brings_its_licence(folder: Path) -> None:
    for package in (path for path in folder.iterdir() if path.is_dir()):
        assert list(package.glob("LICENSE*")), f"{package} has no licence beside it"
