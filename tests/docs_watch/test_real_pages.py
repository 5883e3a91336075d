"""Real pages of OKX, if available, against the lock and the spec of this repository."""

import json

import check_docs
import pytest
from docs_watch.page import parse_page

from tests.docs_watch.conftest import ROOT

PAGES = ROOT.parent / "shared" / "okx" / "pages"
CASES = ROOT.parent / "shared" / "cases" / "docs"
LOAN = "get-the-maximum-loan-of-instrument"
ACCOUNT, BOTH = "/api/v5/account", ("--language", "en", "--language", "zh")
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the pages of OKX are not part of this repository")

# The operation of each page, the sizes of its tables (request parameters, response fields), and the exit code of the
# comparison with flags. The pages of 2026 match the lock and the spec; another endpoint's page is none of maximum loan.
OPERATIONS = [
    (f"2025-04__{LOAN}.en.html", f"GET {ACCOUNT}/max-loan", 4, 6, 12, ("--language", "en")),
    (f"2026-01__{LOAN}.md", f"GET {ACCOUNT}/max-loan", 5, 6, 0, BOTH),
    (f"2026-08__{LOAN}.md", f"GET {ACCOUNT}/max-loan", 5, 6, 0, BOTH),
    ("2025-04__get-account-configuration.en.html", f"GET {ACCOUNT}/config", 0, 25, 20, ()),
    ("2026-08__get-account-configuration.md", f"GET {ACCOUNT}/config", 0, 29, 0, ("--operation", "getAccountConfig")),
    ("2026-08__get-instruments.md", "GET /api/v5/public/instruments", 4, 50, 20, ()),
    ("2026-08__get-leverage.md", f"GET {ACCOUNT}/leverage-info", 3, 5, 20, ()),
    ("2026-08__get-maximum-available-balance-equity.md", f"GET {ACCOUNT}/max-avail-size", 6, 3, 20, ()),
    ("2026-08__get-system-time.md", "GET /api/v5/public/time", 0, 1, 0, ("--operation", "getTime")),
    ("2026-08__flexible-loan-post-maximum-loan-amount.md", "POST /api/v5/finance/flexible-loan/max-loan", 5, 4, 20, ()),
]
# Acceptable exit codes of a page with one edit.
EDITED = {
    "zh-http-requests.md": {20},
    "quote-line-in-cell.md": {10, 20},
    "name-with-brackets.md": {12, 20},
    "tqc-two-sentences.md": {10},
    "limit-default.md": {11},
    "mgnMode-third-comma-note.md": {11},
    "side-inline-same-values.md": {0, 10},
    "empty-description.md": {11},
}


@pytest.mark.parametrize(("name", "operation", "request_size", "response_size", "code", "flags"), OPERATIONS)
def test_pages(
    name: str, operation: str, request_size: int, response_size: int, code: int, flags: tuple[str, ...]
) -> None:
    """Every page is parsed with its operation and tables in all of its languages, and compared with ours."""
    method, path = operation.split()
    languages = parse_page((PAGES / name).read_bytes(), method, path)
    assert list(languages) == (["en"] if name.endswith("html") else ["en", "zh"])
    for facts in languages.values():
        assert (len(facts.request), len(facts.response)) == (request_size, response_size)
        assert set(facts.sample) <= facts.response.keys()
    assert check_docs.main([str(PAGES / name), *flags]) == code


def test_page_of_2025_lacks_what_came_since(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of April 2025 has exactly two differences: the later parameter and the name of Futures mode."""
    check_docs.main([str(PAGES / f"2025-04__{LOAN}.en.html"), "--format", "json", "--language", "en"])
    rows = json.loads(capsys.readouterr().out)["differences"]
    expected = [("request.tradeQuoteCcy", "breaking"), ("request.mgnCcy.text", "wording")]
    assert [(row["place"], row["severity"]) for row in rows] == expected
    assert rows[0]["now"] is None


@pytest.mark.skipif(not CASES.is_dir(), reason="the edited pages of OKX are not part of this repository")
@pytest.mark.parametrize(("name", "codes"), EDITED.items())
def test_edited_pages(name: str, codes: set[int], capsys: pytest.CaptureFixture[str]) -> None:
    """A real page with one plausible edit ends with an acceptable exit code, and a missing language is named."""
    assert check_docs.main([str(CASES / name)]) in codes
    assert ("getMaxLoan: zh: " in capsys.readouterr().out) is (name == "zh-http-requests.md")
