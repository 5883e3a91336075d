"""A checkout with a small spec, and the lock of the pages in tests/docs/pages.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docs.compare import Severity
from docs.drift import Operation, differences
from docs.facts import Unreadable
from docs.lock import Lock
from docs.page import read

from tests.docs.pages import PATH, both

if TYPE_CHECKING:
    from docs.spec import Spec


ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LOAN = Operation("getMaxLoan", "GET", PATH)
SILENT = {"operation": "getMaxLoan", "says": [], "reason": "the page does not list them"}
KNOWN = [
    {**SILENT, "languages": ["en", "zh"], "what": "response.mgnMode.values"},
    {**SILENT, "languages": ["zh"], "what": "response.side.values"},
]


CODES = {0, *Severity, 20}


def outcome(spec: Spec, lock: Lock, data: bytes) -> int:
    """Do as check_docs.py does with a page; return its exit code."""
    try:
        rows = differences(spec, lock, LOAN, read(data, LOAN.method, LOAN.path))
    except Unreadable:
        return 20
    return max((row.severity for row in rows), default=0)


@pytest.fixture
def lock() -> Lock:
    """Lock the pages as they are."""
    made = Lock(json.dumps({"known": KNOWN}))
    made.update("getMaxLoan", read(both("markdown"), "GET", PATH))
    return made


@pytest.fixture
def checkout(tmp_path: Path, lock: Lock) -> Path:
    """Lay out what check_docs.py reads and writes."""
    folder = tmp_path / "spec"
    folder.mkdir()
    shutil.copy(HERE / "openapi.yaml", folder)
    shutil.copy(ROOT / "spec" / "extensions.schema.json", folder)
    (folder / "docs.lock.json").write_text(lock.text(), "utf-8")
    return tmp_path
