"""Distributions: reproducible builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
CACHES = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "*.sqlite")
EPOCH = "1760000000"


def built(source: Path, out: Path) -> Mapping[str, bytes]:
    """Build sdist and wheel without a package index."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    subprocess.run(command, cwd=source, env=environ, check=True, capture_output=True, timeout=120)
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both in the project's directory."""
    out = tmp_path_factory.mktemp("dist")
    built(ROOT, out)
    return out


def test_reproducible(dist: Path, tmp_path: Path) -> None:
    """A copy at another path, with other times and modes of files, gives the same bytes."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=CACHES)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o711 | 0o600)
    again = built(copy, tmp_path / "dist")
    assert sorted(again) == sorted(path.name for path in dist.iterdir())
    assert len(again) == 2
    for name, data in again.items():
        assert data == (dist / name).read_bytes(), name


def test_metadata_is_accepted_by_the_index(dist: Path) -> None:
    """The metadata is complete and the README can be rendered."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(dist.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_source_is_whole(dist: Path) -> None:
    """The sdist has every file to generate, test and build, and no other."""
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "constraints.txt", "LICENSE", "README.md", "README.zh.md"} <= names
    assert {"spec/openapi.yaml", "scripts/regenerate.py", "tests/test_dist.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))]


def test_public_types(dist: Path, tmp_path: Path) -> None:
    """A type checker knows the type of every public name of the installed package."""
    shutil.unpack_archive(next(dist.glob("*.whl")), tmp_path, "zip")
    paths = {
        "PYTHONPATH": str(tmp_path),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    command = [sys.executable, "-m", "pyright", "--verifytypes", "okx_maxloan_sdk", "--ignoreexternal"]
    environ = {**os.environ, **paths}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert str(tmp_path) in done.stdout
    assert "Type completeness score: 100%" in done.stdout


def test_metadata(dist: Path) -> None:
    """The wheel's metadata has description, dependencies and extras."""
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(name).decode()
    head, _, body = text.partition("\n\n")
    for field in ("Name", "Version", "Summary", "License-Expression", "License-File", "Keywords", "Requires-Python"):
        assert f"\n{field}: " in head
    assert "Description-Content-Type: text/markdown" in head
    assert {line.partition(": ")[2] for line in head.splitlines() if line.startswith("Provides-Extra")} >= {
        "all",
        "chart",
        "cli",
        "mock",
        "redis",
    }
    assert body.startswith("# okx-maxloan-sdk")


def test_workflow_verifies_this_version() -> None:
    """The workflow that users copy installs this version and not the newest one."""
    workflow = (ROOT / ".github" / "workflows" / "verify.yml").read_text("utf-8")
    assert f"okx-maxloan-sdk[cli]=={__version__}'" in workflow
