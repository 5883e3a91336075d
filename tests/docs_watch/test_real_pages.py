"""Real pages of OKX, if available, against the lock and the spec of this repository."""

import json

import check_docs
import pytest
from docs_watch.page import parse_page

from tests.docs_watch.conftest import ROOT

PAGES = ROOT.parent / "shared" / "okx" / "pages"
CASES = ROOT.parent / "shared" / "cases" / "docs"
LOAN = "get-the-maximum-loan-of-instrument"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the pages of OKX are not part of this repository")

# The operation of each page and the sizes of its tables: request parameters, response fields.
OPERATIONS = {
    f"2025-04__{LOAN}.en.html": ("GET /api/v5/account/max-loan", 4, 6),
    f"2026-01__{LOAN}.md": ("GET /api/v5/account/max-loan", 5, 6),
    f"2026-08__{LOAN}.md": ("GET /api/v5/account/max-loan", 5, 6),
    "2025-04__get-account-configuration.en.html": ("GET /api/v5/account/config", 0, 25),
    "2026-08__get-account-configuration.md": ("GET /api/v5/account/config", 0, 29),
    "2026-08__get-instruments.md": ("GET /api/v5/public/instruments", 4, 50),
    "2026-08__get-leverage.md": ("GET /api/v5/account/leverage-info", 3, 5),
    "2026-08__get-maximum-available-balance-equity.md": ("GET /api/v5/account/max-avail-size", 6, 3),
    "2026-08__get-system-time.md": ("GET /api/v5/public/time", 0, 1),
    "2026-08__flexible-loan-post-maximum-loan-amount.md": ("POST /api/v5/finance/flexible-loan/max-loan", 5, 4),
}

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


def check(*names: str, flags: tuple[str, ...] = ()) -> int:
    """Run the script on real pages."""
    return check_docs.main([*(str(PAGES / name) for name in names), *flags])


@pytest.mark.parametrize("name", OPERATIONS)
def test_tables_of_other_endpoints(name: str) -> None:
    """Every page is parsed with its operation and tables, and is the same in all of its languages."""
    operation, request_size, response_size = OPERATIONS[name]
    method, _, path = operation.partition(" ")
    languages = parse_page((PAGES / name).read_bytes(), method, path)
    assert list(languages) == (["en"] if name.endswith("html") else ["en", "zh"])
    for facts in languages.values():
        assert (len(facts.request), len(facts.response)) == (request_size, response_size)
        assert set(facts.sample) <= facts.response.keys()


@pytest.mark.parametrize("name", [name for name in OPERATIONS if LOAN not in name])
def test_other_endpoints_are_not_maximum_loan(name: str) -> None:
    """Another endpoint's page is rejected, even a similar one."""
    assert check(name) == 20


@pytest.mark.parametrize(
    ("names", "flags"),
    [
        ([f"2026-01__{LOAN}.md"], ("--language", "en", "--language", "zh")),
        ([f"2026-08__{LOAN}.md"], ("--language", "en", "--language", "zh")),
        (
            ["2026-08__get-account-configuration.md", "2026-08__get-system-time.md"],
            ("--operation", "getAccountConfig", "--operation", "getTime"),
        ),
    ],
)
def test_pages_of_2026_are_in_the_lock(names: list[str], flags: tuple[str, ...]) -> None:
    """The pages of 2026 match the lock and the spec; the removed permission heading is no difference."""
    assert check(*names, flags=flags) == 0


def test_page_of_2025_lacks_what_came_since(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of April 2025 has exactly two differences: the later parameter and the name of Futures mode."""
    assert check(f"2025-04__{LOAN}.en.html", flags=("--format", "json", "--language", "en")) == 12
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
