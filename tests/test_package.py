"""The installed package: the wheel with only its declared dependencies, and the modules that an import loads."""

import ast
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

import okx_maxloan_sdk as sdk
from tests.support import clean_env

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without a package index."""
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


def requirements(name: str, collected: set[str]) -> set[str]:
    """Collect the requirements of a distribution on this Python, without extras."""
    for line in distribution(name).requires or []:
        requirement, _, marker = line.partition(";")
        needed = NAME.match(requirement.strip())
        if "extra" in marker or "sys_platform" in marker or "python_version <" in marker or needed is None:
            continue
        if needed.group().lower() not in collected:
            collected.add(needed.group().lower())
            requirements(needed.group(), collected)
    return collected


def test_wheel_has_both_packages_typed(wheel: Path) -> None:
    """The wheel has the SDK and the generated package, each with py.typed, the licence, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {"okx_maxloan_sdk/py.typed", "okx_maxloan_api/py.typed", "okx_maxloan_api/contract.py"} <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"okx_maxloan_sdk", "okx_maxloan_api"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_stands_alone(wheel: Path, tmp_path: Path) -> None:
    """With only the declared dependencies, the client, the mock and the generated client can be imported."""
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
        "from okx_maxloan_sdk.mock import default_exchange\n"
        "key = default_exchange().users['spot'].keys[0]\n"
        "print(sdk.MaxLoanClient(sdk.Credentials(key.key, key.secret, key.passphrase)))\n"
    )
    python = next(iter([*tmp_path.glob("bin/python"), *tmp_path.glob("Scripts/python.exe")]))
    done = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "MaxLoanClient(https://openapi.okx.com)"


def test_command_says_how_to_install_it(tmp_path: Path) -> None:
    """Without the extra, the command's error names it, without a traceback."""
    (tmp_path / "click.py").write_text("raise ImportError('no', name='click')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from okx_maxloan_sdk.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        'click is missing; install the command with: pip install "okx-maxloan-sdk[cli]"'
    )


def loaded_by(statement: str) -> set[str]:
    """List the modules that a statement loads."""
    program = f"import sys; {statement}; print(*sorted(sys.modules), sep='\\n')"
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, env=clean_env.clean_env(), capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_is_cheap() -> None:
    """Importing the clients loads neither httpx nor asyncio, nor modules for a limiter, a proxy or TLS only."""
    loaded = loaded_by("from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient")
    assert not loaded & {"anyio", "asyncio", "httpcore", "httptools", "httpx", "redis", "sqlite3", "ssl"}


def test_public_names() -> None:
    """Every public name is listed once, in order, and has its own name."""
    assert sorted(sdk.__all__) == sdk.__all__
    assert all(getattr(sdk, name).__name__ == name for name in sdk.__all__)
    assert sdk.__version__ == version("okx-maxloan-sdk")


# Each module imports only modules that are listed before it.
LAYERS = [
    ["threads", "escape"],
    ["sites", "clock", "credentials", "account", "exceptions", "effects"],
    ["tracebacks", "single_flight", "transport", "limiter", "codec"],
    ["models", "validation", "drivers"],
    ["config", "matching", "retry"],
    ["state"],
    ["request"],
    ["batching"],
    ["operations"],
    ["client", "auth"],
]
# Imports for the type checker may have either direction.
ORDER = {name: number for number, names in enumerate(LAYERS) for name in names}


def imports(path: Path) -> set[str]:
    """List the SDK's modules that a module imports at run time."""
    tree = ast.parse(path.read_text("utf-8"))
    typing = {each for node in tree.body if isinstance(node, ast.If) for each in ast.walk(node)}
    nodes = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each not in typing]
    names = [f"{'okx_maxloan_sdk.' * bool(each.level)}{each.module or ''}" for each in nodes]
    names += [
        f"okx_maxloan_sdk.{alias.name}" for each in nodes if each.level and not each.module for alias in each.names
    ]
    return {name.split(".")[1] for name in names if name.startswith("okx_maxloan_sdk.") and name.split(".")[1]}


@pytest.mark.parametrize("name", ORDER)
def test_imports_point_one_way(name: str) -> None:
    """A module imports only modules of earlier layers, so no import is circular."""
    package = ROOT / "okx_maxloan_sdk"
    path = package / f"{name}.py" if (package / f"{name}.py").exists() else package / name / "__init__.py"
    assert {other for other in imports(path) & ORDER.keys() if ORDER[other] >= ORDER[name]} == set()


def test_every_module_has_a_layer() -> None:
    """Every module has a place in the order of imports."""
    package = ROOT / "okx_maxloan_sdk"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    assert modules | {"transport", "limiter"} == set(ORDER)
