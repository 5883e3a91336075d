"""The package as users get it: the wheel, alone with what it declares, and what importing it loads."""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.support import bare

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, without reaching for an index."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--quiet",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return next(folder.glob("*.whl"))


def requirements(name: str, found: set[str]) -> set[str]:
    """Follow what a distribution needs on this Python, extras aside."""
    for line in distribution(name).requires or []:
        requirement, _, marker = line.partition(";")
        needed = NAME.match(requirement.strip())
        if "extra" in marker or "sys_platform" in marker or "python_version <" in marker or needed is None:
            continue
        if needed.group().lower() not in found:
            found.add(needed.group().lower())
            requirements(needed.group(), found)
    return found


def test_wheel_has_both_packages_typed(wheel: Path) -> None:
    """The wheel holds the SDK and the generated package, each with py.typed, the licence, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {"okx_maxloan_sdk/py.typed", "okx_maxloan_api/py.typed", "okx_maxloan_api/contract.py"} <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"okx_maxloan_sdk", "okx_maxloan_api"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_stands_alone(wheel: Path, tmp_path: Path) -> None:
    """With the declared dependencies only, the client, the mock and the generated client import."""
    venv.create(tmp_path, with_pip=False)
    (site,) = [*tmp_path.glob("lib/*/site-packages"), *tmp_path.glob("Lib/site-packages")]
    zipfile.ZipFile(wheel).extractall(site)
    for name in requirements("okx-maxloan-sdk", set()):
        for file in distribution(name).files or []:
            if ".." not in file.parts:
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    program = (
        "import okx_maxloan_sdk as sdk, okx_maxloan_api.client\n"
        "for name in sdk.__all__: getattr(sdk, name)\n"
        "from okx_maxloan_sdk.mock import demo\n"
        "key = demo().users['spot'].keys[0]\n"
        "print(sdk.MaxLoanClient(sdk.Credentials(key.key, key.secret, key.passphrase)))\n"
    )
    python = next(iter([*tmp_path.glob("bin/python"), *tmp_path.glob("Scripts/python.exe")]))
    done = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "MaxLoanClient(https://openapi.okx.com)"


def test_command_says_how_to_install_it(tmp_path: Path) -> None:
    """Without the extra, the command names it instead of showing a traceback."""
    (tmp_path / "click.py").write_text("raise ImportError('no', name='click')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from okx_maxloan_sdk.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        'click is missing; install the command with: pip install "okx-maxloan-sdk[cli]"'
    )


def loaded_by(statement: str) -> set[str]:
    """List the modules that are there after a statement."""
    program = f"import sys; {statement}; print(*sorted(sys.modules), sep='\\n')"
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, env=bare.environ(), capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


# What waits for the first call, or for a call that needs it: the network, event loops, threads that run side by side.
LATER = {"anyio", "asyncio", "concurrent.futures", "httpcore", "httptools", "httpx", "logging", "redis", "ssl"}


def test_importing_is_cheap() -> None:
    """Importing the package loads none of its parts, and no library."""
    loaded = loaded_by("import okx_maxloan_sdk")
    assert {each for each in loaded if each.startswith("okx_maxloan")} == {"okx_maxloan_sdk"}
    assert not loaded & {*LATER, "attr", "attrs", "json", "decimal"}


def test_importing_a_client_is_cheap() -> None:
    """Importing the clients loads what decides, and nothing that a call may not need."""
    assert not loaded_by("from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient") & LATER


def test_names_are_total() -> None:
    """Every public name is found where the package says, and no other name is."""
    import okx_maxloan_sdk as sdk  # noqa: PLC0415 -- only this test needs the whole package

    assert sorted(sdk.__all__) == sdk.__all__ == dir(sdk)
    assert {name for names in sdk.HOME.values() for name in names} == set(sdk.__all__)
    assert all(getattr(sdk, name).__name__ == name for name in sdk.__all__)
    assert dir(sdk.mock) == sdk.mock.__all__
    with pytest.raises(AttributeError, match="no attribute 'Client'"):
        sdk.Client  # noqa: B018 -- the look-up is the test
