"""A checkout with a small spec, and a lock of the pages in data/pages.toml."""

import json
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import check_docs
import pytest
from docs_watch.drift import Operation
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from docs_watch.spec import Spec

from tests.docs_watch.pages import PATH, both

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SPEC = Spec((HERE / "openapi.yaml").read_text("utf-8"))
LOAN = Operation("getMaxLoan", "GET", PATH)
SILENT = {"operation": "getMaxLoan", "says": [], "reason": "the page does not list them"}
KNOWN = [
    {**SILENT, "languages": ["en", "zh"], "what": "response.mgnMode.values"},
    {**SILENT, "languages": ["zh"], "what": "response.side.values"},
]
REVIEWED = "2026-08-22"  # of the changelog
# Set in the copies of the checkout, so that their tests do not make copies.
IN_COPY = "OKX_IN_COPY"
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")


def run(checkout: Path, *command: str | Path, code: int | None = 0, timeout: float = 120) -> str:
    """Run a command in a copy of the checkout with the copy's own packages; `code=None` accepts every exit code."""
    paths = os.pathsep.join([str(checkout), str(checkout / "generated")])
    environ = {**os.environ, "PYTHONPATH": paths, IN_COPY: "1"}
    done = subprocess.run(
        command, cwd=checkout, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip
    assert code in {None, done.returncode}, f"{command} ended with {done.returncode}\n{done.stdout}"
    return done.stdout


def commit(checkout: Path, tag: str) -> None:
    """Make a tagged repository of a folder, without the user's configuration."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", tag]):
        run(checkout, *GIT, *command)


class Checkout:
    """The files that check_docs.py reads and writes."""

    def __init__(self, root: Path, lock: Lock) -> None:
        self.root = root
        self.folder = root / "spec"
        self.folder.mkdir()
        shutil.copy(HERE / "openapi.yaml", self.folder)
        shutil.copy(ROOT / "spec" / "extensions.schema.json", self.folder)
        self.set_lock(lock)

    @property
    def spec(self) -> str:
        """The text of the spec."""
        return (self.folder / "openapi.yaml").read_text("utf-8")

    @property
    def lock(self) -> Lock:
        """The lock."""
        return Lock((self.folder / "docs.lock.json").read_text("utf-8"))

    def set_lock(self, lock: Lock) -> None:
        """Replace the lock, as a person who edits it does."""
        (self.folder / "docs.lock.json").write_text(lock.text(), "utf-8")

    def state(self) -> dict[str, str]:
        """Return the content of every file in spec/."""
        return {path.name: path.read_text("utf-8") for path in self.folder.iterdir()}

    def check(self, *pages: bytes, flags: tuple[str, ...] = (), name: str = "page") -> int:
        """Run check_docs.py on pages of this name."""
        paths = [self.root / f"{name}-{number}" for number in range(len(pages))]
        for path, page in zip(paths, pages, strict=True):
            path.write_bytes(page)
        return check_docs.main([*map(str, paths), "--root", str(self.root), *flags])

    def write(self, *pages: bytes) -> int:
        """Run check_docs.py with --write on pages."""
        return self.check(*pages, flags=("--write",))


@pytest.fixture
def lock() -> Lock:
    """Lock the unedited pages."""
    lock = Lock(json.dumps({"known": KNOWN}))
    lock.review(date.fromisoformat(REVIEWED), "as far as the pages are", [])
    lock.update("getMaxLoan", parse_page(both("markdown"), "GET", PATH))
    return lock


@pytest.fixture
def checkout(tmp_path: Path, lock: Lock) -> Checkout:
    """Create the checkout."""
    return Checkout(tmp_path, lock)
