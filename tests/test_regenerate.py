"""regenerate.py: reproducible, atomic, and strict about manual edits."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from regenerate import swap

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "regenerate.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files that the generator reads and writes."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    shutil.copytree(ROOT / "generated", tmp_path / "generated", ignore=shutil.ignore_patterns("__pycache__", ".new-*"))
    return tmp_path


def regenerate(checkout: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a developer does."""
    command = [sys.executable, str(SCRIPT), "--root", str(checkout), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def tree(checkout: Path) -> dict[str, bytes]:
    """Return the files of the generated tree."""
    folder = checkout / "generated"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    """Replace one text of a file."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_every_run_gives_the_same_bytes(checkout: Path) -> None:
    """The committed tree matches the spec, --check writes nothing, and a damaged tree is made again byte for byte."""
    before = tree(checkout)
    done = regenerate(checkout, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree(checkout) == before
    (checkout / "generated" / "okx_maxloan_api" / "contract.py").write_text("spoilt")
    assert regenerate(checkout).returncode == 0
    assert tree(checkout) == before
    assert before["okx_maxloan_api/py.typed"] == b""
    row = before["okx_maxloan_api/models/max_loan_row.py"].decode()
    assert "in units of `ccy`" in row
    assert "可借数量" in row


@pytest.mark.parametrize("damage", ["edited", "deleted", "added"])
def test_hand_edits_are_shown(checkout: Path, damage: str) -> None:
    """--check fails after an edited, missing or extra file, with the diff and advice."""
    model = checkout / "generated" / "okx_maxloan_api" / "models" / "max_loan_row.py"
    match damage:
        case "edited":
            edit(model, "max_loan: str", "max_loan: float")
        case "deleted":
            model.unlink()
        case _:
            (model.parent / "extra.py").write_text("x = 1\n")
    done = regenerate(checkout, "--check")
    assert done.returncode == 1
    assert {"edited": "-    max_loan: float", "deleted": "+class MaxLoanRow", "added": "-x = 1"}[damage] in done.stdout
    assert "make regenerate" in done.stderr


CCY = "        ccy:\n          type: string\n          description: Currency of the loan.\n"
NEW = "description: A new thing.\n          x-description-zh: 新增。\n"
FIELD = f"        quota:\n          type: string\n          default: ''\n          {NEW}"
PARAMETER = f"        - name: subAcct\n          in: query\n          {NEW}          schema: {{type: string}}\n"


@pytest.mark.parametrize(
    ("place", "new", "line"),
    [
        (CCY, FIELD, "+    quota: str"),
        ("      x-okx-examples:\n", PARAMETER, "+    sub_acct: str | None"),
    ],
)
def test_stale_tree_fails(checkout: Path, place: str, new: str, line: str) -> None:
    """--check fails after a change of the spec, and the diff shows the new field, or parameter of `get_max_loan`."""
    edit(checkout / "spec" / "openapi.yaml", place, f"{new}{place}")
    done = regenerate(checkout, "--check")
    assert done.returncode == 1
    assert line in done.stdout


NAME = "        - name: ccy\n          in: query\n"


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("openapi: 3.1.0", "openapi: 3.1.0\nx-okx-oops: 1", ["/x-okx-oops: no such extension"]),
        ("basis: documented", "basis: guessed", ["'guessed' is not one of"]),
        ("operationId: getTime", "operationId: getMaxLoan", ["getMaxLoan"]),
        (
            NAME,
            f"{NAME}          required: true\n",
            ["contradicts itself", "forbids ccy, which is required"],
        ),
    ],
)
def test_invalid_spec_leaves_the_old_tree(checkout: Path, old: str, new: str, messages: list[str]) -> None:
    """An invalid or contradictory spec is rejected with the place of the error, and the tree is unchanged."""
    before = tree(checkout)
    edit(checkout / "spec" / "openapi.yaml", old, new)
    done = regenerate(checkout)
    assert done.returncode == 1
    assert all(message in done.stderr for message in messages)
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
