"""regenerate.py: reproducible, atomic, and strict about manual edits."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from regenerate import swap

ROOT = Path(__file__).resolve().parent.parent
SPEC = "spec/openapi.yaml"
MODEL = "generated/okx_maxloan_api/models/max_loan_row.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files that the generator reads and writes."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    shutil.copytree(ROOT / "generated", tmp_path / "generated", ignore=shutil.ignore_patterns("__pycache__", ".new-*"))
    return tmp_path


def regenerate(checkout: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a developer does."""
    command = [sys.executable, str(ROOT / "scripts" / "regenerate.py"), "--root", str(checkout), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def tree(checkout: Path) -> dict[str, bytes]:
    """Return the files of the generated tree."""
    folder = checkout / "generated"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    """Replace one text of a file, or make the file."""
    text = path.read_text("utf-8") if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


NAME = "        - name: ccy\n          in: query\n"


def test_stale_tree(checkout: Path) -> None:
    """--check shows each edit of the tree and writes nothing; without it the tree is made again byte for byte."""
    before = tree(checkout)
    edit(checkout / MODEL, "max_loan: str", "max_loan: float")
    edit(checkout / "generated/okx_maxloan_api/models/extra.py", "", "x = 1\n")
    (checkout / "generated/okx_maxloan_api/contract.py").write_text("spoilt\n")
    (checkout / "generated/okx_maxloan_api/rows.py").unlink()
    stale = tree(checkout)
    done = regenerate(checkout, "--check")
    assert done.returncode == 1
    assert {"-    max_loan: float", "-x = 1", "-spoilt", "+class MaxLoanFields:"} <= {*done.stdout.splitlines()}
    assert "make regenerate" in done.stderr
    assert tree(checkout) == stale
    assert regenerate(checkout).returncode == 0
    assert tree(checkout) == before
    assert before["okx_maxloan_api/py.typed"] == b""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("openapi: 3.1.0", "openapi: 3.1.0\nx-okx-oops: 1", "/x-okx-oops: no such extension"),
        ("operationId: getTime", "operationId: getMaxLoan", "getMaxLoan"),
        (NAME, f"{NAME}          required: true\n", "contradicts itself; nothing was generated\n  "),
    ],
)
def test_invalid_spec_leaves_the_old_tree(checkout: Path, old: str, new: str, message: str) -> None:
    """An invalid or contradictory spec is rejected with the place of the error, and the tree is unchanged."""
    before = tree(checkout)
    edit(checkout / SPEC, old, new)
    done = regenerate(checkout)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(checkout) == before


def test_failed_move_restores_the_old_tree(tmp_path: Path) -> None:
    """If the new tree cannot be moved into place, the old one is restored."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "kept").touch()
    with pytest.raises(FileNotFoundError):
        swap(old, tmp_path / "missing", tmp_path / "aside")
    assert (old / "kept").exists()
