"""A checkout with a small spec, and a lock of the pages in data/pages.toml."""

import json
import shutil
from datetime import date
from pathlib import Path

import check_docs
import pytest
from docs_watch.compare import Severity
from docs_watch.drift import Operation, differences
from docs_watch.facts import PageParseError
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
CODES = {0, *Severity, 20}


def exit_code(spec: Spec, lock: Lock, data: bytes) -> int:
    """Compare a page as check_docs.py does; return its exit code."""
    try:
        rows = differences(spec, lock, LOAN, parse_page(data, LOAN.method, LOAN.path))
    except PageParseError:
        return 20
    return max((row.severity for row in rows), default=0)


def run(checkout: Path, *pages: bytes, flags: tuple[str, ...] = ()) -> int:
    """Run check_docs.py on pages."""
    paths = [checkout / f"page-{number}" for number in range(len(pages))]
    for path, page in zip(paths, pages, strict=True):
        path.write_bytes(page)
    return check_docs.main([*map(str, paths), "--root", str(checkout), *flags])


@pytest.fixture
def lock() -> Lock:
    """Lock the unedited pages."""
    lock = Lock(json.dumps({"known": KNOWN}))
    lock.review(date.fromisoformat(REVIEWED), "as far as the pages are", [])
    lock.update("getMaxLoan", parse_page(both("markdown"), "GET", PATH))
    return lock


@pytest.fixture
def checkout(tmp_path: Path, lock: Lock) -> Path:
    """Create the files that check_docs.py reads and writes."""
    folder = tmp_path / "spec"
    folder.mkdir()
    shutil.copy(HERE / "openapi.yaml", folder)
    shutil.copy(ROOT / "spec" / "extensions.schema.json", folder)
    (folder / "docs.lock.json").write_text(lock.text(), "utf-8")
    return tmp_path
