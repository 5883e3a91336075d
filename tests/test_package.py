"""Distributions: reproducible, complete, installable with only the declared dependencies; and what an import loads."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

import okx_maxloan_sdk as sdk
from tests.support import clean_env

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "okx_maxloan_sdk"
CACHES = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "*.sqlite")
EPOCH = "1760000000"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def run(
    *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit code is."""
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)


def build(source: Path, out: Path) -> dict[str, bytes]:
    """Build sdist and wheel without a package index."""
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    run(sys.executable, "-m", "hatchling", "build", "-d", str(out), cwd=source, env=environ).check_returncode()
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both in the project's directory."""
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out)
    return out


@pytest.fixture
def wheel(dist: Path) -> zipfile.ZipFile:
    """Open the wheel."""
    return zipfile.ZipFile(next(dist.glob("*.whl")))


def test_reproducible(dist: Path, tmp_path: Path) -> None:
    """A copy at another path, with other times and modes of files, gives the same bytes."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=CACHES)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o711 | 0o600)
    again = build(copy, tmp_path / "dist")
    assert sorted(again) == sorted(path.name for path in dist.iterdir())
    assert len(again) == 2
    for name, data in again.items():
        assert data == (dist / name).read_bytes(), name


def test_metadata_is_accepted_by_the_index(dist: Path) -> None:
    """The metadata is complete and the README can be rendered."""
    done = run(sys.executable, "-m", "twine", "check", "--strict", *sorted(dist.iterdir()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_source_is_whole(dist: Path) -> None:
    """The sdist has every file to generate, test and build, and no other."""
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "constraints.txt", "LICENSE", "README.md", "README.zh.md"} <= names
    assert {"spec/openapi.yaml", "scripts/regenerate.py", "tests/test_package.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))]


def test_public_types(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """A type checker knows the type of every public name of the installed package."""
    shutil.unpack_archive(str(wheel.filename), tmp_path, "zip")
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": paths}
    command = (sys.executable, "-m", "pyright", "--verifytypes", "okx_maxloan_sdk", "--ignoreexternal")
    done = run(*command, cwd=tmp_path, env=environ)
    assert str(tmp_path) in done.stdout
    assert "Type completeness score: 100%" in done.stdout


def test_workflow_verifies_this_version() -> None:
    """The workflow that users copy installs this version and not the newest one."""
    workflow = (ROOT / ".github" / "workflows" / "verify.yml").read_text("utf-8")
    assert f"okx-maxloan-sdk[cli]=={sdk.__version__}'" in workflow


def test_wheel_has_both_packages_typed(wheel: zipfile.ZipFile) -> None:
    """The wheel has the metadata, the SDK and the generated package, each with py.typed, and nothing else."""
    names = wheel.namelist()
    assert {"okx_maxloan_sdk/py.typed", "okx_maxloan_api/py.typed", "okx_maxloan_sdk/locales/zh.toml"} <= set(names)
    info = f"okx_maxloan_sdk-{sdk.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"okx_maxloan_sdk", "okx_maxloan_api", info}
    assert f"{info}/licenses/LICENSE" in names
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert {*PROJECT["optional-dependencies"]} == {*metadata.get_all("Provides-Extra", [])}
    for field in ("Summary", "License-Expression", "License-File", "Keywords", "Requires-Python"):
        assert metadata[field]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).startswith("# okx-maxloan-sdk")


def requirements(name: str, collected: set[str]) -> set[str]:
    """Collect the requirements of a distribution on this Python, without extras."""
    for needed in map(Requirement, distribution(name).requires or []):
        if needed.name not in collected and (not needed.marker or needed.marker.evaluate({"extra": ""})):
            collected.add(needed.name)
            requirements(needed.name, collected)
    return collected


def test_wheel_stands_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """With only the declared dependencies, the client, the mock and the generated client can be used."""
    shutil.unpack_archive(str(wheel.filename), tmp_path, "zip")
    for name in requirements("okx-maxloan-sdk", set()):
        for file in distribution(name).files or []:
            if ".." not in file.parts:
                target = tmp_path / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    program = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "import okx_maxloan_sdk as sdk, okx_maxloan_api.client\n"
        "for name in sdk.__all__: getattr(sdk, name)\n"
        "from okx_maxloan_sdk.mock import default_exchange\n"
        "key = default_exchange().users['spot'].keys[0]\n"
        "print(sdk.MaxLoanClient(sdk.Credentials(key.key, key.secret, key.passphrase)))\n"
        "print(sdk.RequestNotSentError('no'))\n"
    )
    done = run(sys.executable, "-I", "-S", "-c", program)  # without the site-packages of this Python
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["MaxLoanClient(https://openapi.okx.com)", "the request was not sent: no"]


def test_command_says_how_to_install_it(tmp_path: Path) -> None:
    """Without the extra, the command's error names it, without a traceback."""
    (tmp_path / "click.py").write_text("raise ImportError('no', name='click')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from okx_maxloan_sdk.cli import main; main()"
    done = run(sys.executable, "-c", program)
    assert done.returncode == 1
    message = 'click is missing; install the command with: pip install "okx-maxloan-sdk[cli]"'
    assert done.stderr.strip().endswith(message)


def test_importing_is_cheap() -> None:
    """Importing the clients loads neither httpx, asyncio nor attrs, nor modules for a limiter, a proxy or TLS only."""
    program = "import sys; from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient; print(*sys.modules)"
    loaded = {*run(sys.executable, "-I", "-c", program, env=clean_env.clean_env()).stdout.split()}
    assert "okx_maxloan_sdk.client" in loaded
    assert not loaded & {"anyio", "asyncio", "attr", "httpcore", "httptools", "httpx", "redis", "sqlite3", "ssl"}


def test_public_names() -> None:
    """Every public name is listed once, in order, and has its own name."""
    assert sorted(sdk.__all__) == sdk.__all__
    assert all(getattr(sdk, name).__name__ == name for name in sdk.__all__)
    assert sdk.__version__ == version("okx-maxloan-sdk")


# Each module imports only modules that are listed before it.
LAYERS = """
    threads escape messages
    sites clock credentials exceptions effects
    transport limiter codec
    models validation drivers
    config matching retry
    state
    request
    batching
    operations
    client auth
"""
ORDER = {name: number for number, names in enumerate(LAYERS.splitlines()) for name in names.split()}


def imports(path: Path) -> set[str]:
    """List the SDK's modules that a module imports at run time; imports for the type checker have any direction."""
    tree = ast.parse(path.read_text("utf-8"))
    typing = {each for node in tree.body if isinstance(node, ast.If) for each in ast.walk(node)}
    nodes = (each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each not in typing)
    paths = (f"{node.module or ''}.{alias.name}" for node in nodes for alias in node.names)
    return {each.removeprefix("okx_maxloan_sdk").lstrip(".").partition(".")[0] for each in paths}


def test_imports_point_one_way() -> None:
    """Every module has a layer and imports only modules of earlier ones, so no import is circular."""
    modules = {path.stem: path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    modules |= {name: PACKAGE / name / "__init__.py" for name in ("transport", "limiter")}
    assert modules.keys() == ORDER.keys()
    for name, path in modules.items():
        assert not [other for other in imports(path) & ORDER.keys() if ORDER[other] >= ORDER[name]], name
