"""api_change.py: changes of the public API, and the version that each requires."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from api_change import Report, report

from tests.docs_watch.conftest import commit, run
from tests.support.cases import cases

CASES = cases(__file__)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Create and tag a small project."""
    if not shutil.which("git"):
        pytest.skip("there is no git")
    for name, text in CASES["files"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    commit(tmp_path, "v1.2.3")
    return tmp_path


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Change a file."""
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


@pytest.mark.parametrize("case", CASES["changes"], ids=lambda case: f"{case['file']}-{case['new']}")
def test_changes(checkout: Path, case: dict[str, Any]) -> None:
    """Additions, removals and stricter signatures have their heading and version; no branch or file is left behind."""
    edit(checkout, case["file"], case["old"], case["new"])
    before = sorted(checkout.rglob("*"))
    first, *other = report(checkout).splitlines()
    assert sorted(checkout.rglob("*")) == before
    assert other == case["lines"]
    expected = f"changed since v1.2.3, which calls for {case['version']}" if case["lines"] else "as in v1.2.3"
    assert expected in first


def test_version_that_was_raised_already(checkout: Path) -> None:
    """The report says whether pyproject.toml already has the required version."""
    edit(checkout, "generated/okx_maxloan_api/models.py", "    side: str", "    side: str\n    quota: str")
    assert "pyproject.toml says 1.2.3" in report(checkout, "v1.2.3")
    edit(checkout, "pyproject.toml", "1.2.3", "1.3.0")
    assert "calls for 1.3.0 (pyproject.toml says so)" in report(checkout, "HEAD")


@pytest.mark.parametrize(
    ("version", "breaking", "added", "changed", "expected_version"),
    [
        ("1.2.3", 1, 1, 1, "2.0.0"),
        ("0.1.4", 1, 1, 0, "0.2.0"),
        ("0.1.4", 0, 1, 0, "0.1.5"),
        ("0.1.4rc1", 0, 0, 1, "0.1.5"),
    ],
)
def test_bump(version: str, breaking: int, added: int, changed: int, expected_version: str) -> None:
    """A breaking change raises the first number, an addition the second, others the third; below 1.0 each one lower."""
    assert Report(["x"] * breaking, ["x"] * added, ["x"] * changed).bump(version) == expected_version


def test_nothing_to_compare_with(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a repository, a tag, a known revision, the packages or git, the report says so."""
    assert "nothing to compare with" in report(tmp_path_factory.mktemp("empty"))
    assert "nothing to compare with" in report(checkout, "v9")
    shutil.rmtree(checkout / "okx_maxloan_sdk")
    assert "nothing to compare with" in report(checkout)
    run(checkout, "git", "checkout", "-q", ".")
    run(checkout, "git", "tag", "-d", "v1.2.3")
    assert "nothing to compare with" in report(checkout)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "there is no git" in report(checkout)
