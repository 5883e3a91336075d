"""api_change.py: changes of the public API, and the version that each requires."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from api_change import Report, report

if TYPE_CHECKING:
    from pathlib import Path

SDK = """
from .client import Client, MaxLoan
__all__ = ["Client", "MaxLoan"]
"""
CLIENT = """
from okx_maxloan_api.models import Row
class MaxLoan(Row):
    def amount(self) -> int: ...
class Client:
    def ask(self, inst_id: str, *, mode: str = "cross") -> list[MaxLoan]: ...
    def _hidden(self) -> None: ...
"""
MODELS = """
from typing import Literal
Mode = Literal["isolated", "cross"]
class Row:
    ccy: str
    side: str
"""
CONTRACT = "LIMIT = (20, 2)\nRULES = (Rule(id='a-b', basis='inferred'), Rule(id='b-c', basis='documented'))\n"
RAW = "def sync(*, client: object, mode: str) -> None: ...\n"
FILES = {
    "pyproject.toml": '[project]\nversion = "1.2.3"\n',
    "okx_maxloan_sdk/__init__.py": SDK,
    "okx_maxloan_sdk/client.py": CLIENT,
    "generated/okx_maxloan_api/__init__.py": "",
    "generated/okx_maxloan_api/models.py": MODELS,
    "generated/okx_maxloan_api/contract.py": CONTRACT,
    "generated/okx_maxloan_api/api.py": RAW,
}


def git(root: Path, *arguments: str) -> None:
    """Run git without the user's configuration."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = [shutil.which("git") or "git", "-C", str(root), *settings, *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Create and tag a small project."""
    if not shutil.which("git"):
        pytest.skip("there is no git")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "tag", "v1.2.3")
    return tmp_path


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Change a file."""
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


CLIENT_FILE, MODELS_FILE = "okx_maxloan_sdk/client.py", "generated/okx_maxloan_api/models.py"
ROW, MODE = "okx_maxloan_api.models.Row", "okx_maxloan_api.models.Mode"


@pytest.mark.parametrize(
    ("name", "old", "new", "version", "lines"),
    [
        (MODELS_FILE, "    side: str", "    side: str\n    quota: str", "1.3.0",
         ["### Added", f"- `{ROW}.quota`", "- `okx_maxloan_sdk.MaxLoan.quota`"]),
        (MODELS_FILE, "    side: str\n", "", "2.0.0",
         ["### Breaking", f"- `{ROW}.side` is gone", "- `okx_maxloan_sdk.MaxLoan.side` is gone"]),
        (MODELS_FILE, '"cross"', '"cross", "both"', "1.3.0", ["### Added", f"- 'both' in `{MODE}`"]),
        (MODELS_FILE, '"isolated", ', "", "2.0.0", ["### Breaking", f"- `{MODE}` no longer has 'isolated'"]),
        (CLIENT_FILE, ", *, mode", ", *, coin: str, mode", "2.0.0",
         ["### Breaking", "- `okx_maxloan_sdk.client.Client.ask`: parameter was added as required `coin`",
          "### Added", "- `okx_maxloan_sdk.Client.ask(coin)`"]),
        (CLIENT_FILE, '= "cross")', '= "cross", coin: str = "")', "1.3.0",
         ["### Added", "- `okx_maxloan_sdk.Client.ask(coin)`"]),
        ("generated/okx_maxloan_api/api.py", "mode: str", "mode: str, new_thing: str", "2.0.0",
         ["### Breaking", "- `okx_maxloan_api.api.sync`: parameter was added as required `new_thing`",
          "### Added", "- `okx_maxloan_api.api.sync(new_thing)`"]),
        (CLIENT_FILE, "_hidden", "_other", "1.2.3", []),
        (CLIENT_FILE, "class Client:", "class Client:\n    def more(self) -> None: ...", "1.3.0",
         ["### Added", "- `okx_maxloan_sdk.Client.more`"]),
        ("okx_maxloan_sdk/__init__.py", '"Client", ', "", "2.0.0",
         ["### Breaking", "- `okx_maxloan_sdk.Client` is gone"]),
        ("generated/okx_maxloan_api/contract.py", "20", "30", "1.2.4",
         ["### Changed", "- facts of the exchange in `okx_maxloan_api.contract.LIMIT`"]),
        ("generated/okx_maxloan_api/contract.py", "inferred", "observed", "2.0.0",
         ["### Breaking",
          "- rule `a-b` is enforced: a request that breaks it raises `InvalidParametersError` and is not sent",
          "### Changed", "- facts of the exchange in `okx_maxloan_api.contract.RULES`"]),
        ("generated/okx_maxloan_api/contract.py", "documented", "inferred", "1.2.4",
         ["### Changed", "- facts of the exchange in `okx_maxloan_api.contract.RULES`",
          "- rule `b-c` is no longer enforced"]),
    ],
)  # fmt: skip
def test_changes(checkout: Path, name: str, old: str, new: str, version: str, lines: list[str]) -> None:
    """Additions, removals and stricter signatures appear under their changelog heading, with the version."""
    edit(checkout, name, old, new)
    first, *other = report(checkout).splitlines()
    assert other == lines
    expected = f"changed since v1.2.3, which calls for {version}" if lines else "as in v1.2.3"
    assert expected in first


def test_version_that_was_raised_already(checkout: Path) -> None:
    """The report says whether pyproject.toml already has the required version."""
    edit(checkout, MODELS_FILE, "    side: str", "    side: str\n    quota: str")
    assert "pyproject.toml says 1.2.3" in report(checkout, "v1.2.3")
    edit(checkout, "pyproject.toml", "1.2.3", "1.3.0")
    assert "calls for 1.3.0 (pyproject.toml says so)" in report(checkout, "HEAD")


@pytest.mark.parametrize(
    ("version", "breaking", "added", "changed", "expected_version"),
    [
        ("1.2.3", 1, 1, 1, "2.0.0"),
        ("1.2.3", 0, 1, 1, "1.3.0"),
        ("1.2.3", 0, 0, 1, "1.2.4"),
        ("1.2.3", 0, 0, 0, "1.2.3"),
        ("0.1.4", 1, 1, 0, "0.2.0"),
        ("0.1.4", 0, 1, 0, "0.1.5"),
        ("0.1.4rc1", 0, 0, 1, "0.1.5"),
    ],
)
def test_bump(version: str, breaking: int, added: int, changed: int, expected_version: str) -> None:
    """A breaking change raises the first number, an addition the second, others the third; below 1.0 each one lower."""
    assert Report(["x"] * breaking, ["x"] * added, ["x"] * changed).bump(version) == expected_version


def test_nothing_to_compare_with(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a repository or a tag, or for an unknown revision, the report says so and nothing else happens."""
    assert "nothing to compare with" in report(tmp_path_factory.mktemp("empty"))
    assert "nothing to compare with" in report(checkout, "v9")
    git(checkout, "tag", "-d", "v1.2.3")
    assert "nothing to compare with" in report(checkout)


def test_without_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the report says so."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "there is no git" in report(checkout)


def test_missing_packages(checkout: Path) -> None:
    """A checkout without the packages is reported as not comparable."""
    shutil.rmtree(checkout / "okx_maxloan_sdk")
    assert "nothing to compare with" in report(checkout)


def test_comparing_leaves_the_repository_alone(checkout: Path) -> None:
    """No branch, worktree or file is left behind."""
    before = sorted(path for path in checkout.rglob("*") if path.is_file())
    report(checkout)
    assert sorted(path for path in checkout.rglob("*") if path.is_file()) == before
