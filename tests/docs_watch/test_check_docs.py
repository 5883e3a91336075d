"""check_docs.py as a command: exit codes, formats, several pages, the page of all endpoints, and arbitrary bytes."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.docs_watch.conftest import CODES, ROOT, SPEC, exit_code, run
from tests.docs_watch.mutated_pages import LONGEST, PIECES, parse_damaged_pages
from tests.docs_watch.pages import EN, FORMS, PATH, RENDER, ZH, both, edit_page, edited, edits


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (both("markdown"), 0),
        (b"<h1>403 Forbidden</h1>", 20),
        *((RENDER[form](page).encode(), 20) for form in FORMS for page in (EN, ZH)),
        *((both(form, EN, edit_page(EN, title="Again")), 20) for form in FORMS),
    ],
)
def test_exit_codes(checkout: Path, page: bytes, code: int) -> None:
    """An unedited page ends with 0; one that cannot be parsed, or lacks or repeats a language, does not."""
    assert run(checkout, page) == code


@pytest.mark.parametrize(("form", "edit"), edits("plausible", "layout", "values"))
def test_plausible_edits(checkout: Path, capsys: pytest.CaptureFixture[str], form: str, edit: dict[str, Any]) -> None:
    """A plausible edit of a page ends with an acceptable exit code, and with its reason if it is not understood."""
    assert run(checkout, edited(form, **edit)) in edit["codes"]
    assert edit.get("says", "") in capsys.readouterr().out


def test_script_runs_from_anywhere(checkout: Path, tmp_path: Path) -> None:
    """The script runs from any directory and prints the differences."""
    page = tmp_path / "page.md"
    page.write_bytes(both("markdown", edit_page(EN, request={"mgnMode": {"required": "No"}})))
    command = [sys.executable, str(ROOT / "scripts" / "check_docs.py"), str(page), "--root", str(checkout)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 11, done.stderr
    assert "additive  getMaxLoan  request.mgnMode.required  required  optional  en" in done.stdout


def test_several_pages(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Languages may be in separate files; each must have the operation, and they must agree."""
    en, zh = RENDER["html"](EN).encode(), RENDER["markdown"](ZH).encode()
    assert run(checkout, en, zh, flags=("--language", "en", "--language", "zh")) == 0
    for flags in ((), ("--language", "zh")):
        assert run(checkout, en, flags=flags) == 20
        assert "getMaxLoan: not in zh on any of these pages" in capsys.readouterr().out
    assert run(checkout, en, flags=("--language", "en")) == 0
    assert run(checkout, en, b"# nothing here") == 20
    assert "page-1: no documentation" in capsys.readouterr().out
    assert run(checkout, en, RENDER["markdown"](edit_page(EN, drop=["response.side"])).encode()) == 20
    assert "not what another page says" in capsys.readouterr().out


def test_json(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON output is one object with every difference and every page that cannot be parsed."""
    run(checkout, both("html", edit_page(EN, request={"mgnMode": {"required": "No"}})), b"", flags=("--format", "json"))
    report = json.loads(capsys.readouterr().out)
    (row,) = report["differences"]
    assert row["place"] == "request.mgnMode.required"
    assert (row["was"], row["now"], row["severity"], row["languages"]) == ("required", "optional", "additive", ["en"])
    assert isinstance(row["line"], int)
    assert row["words"] == ["", ""]
    assert "no documentation" in report["not_understood"][0]


def test_markdown_escapes_text_of_a_page(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text of a page appears as code in an issue: no link, no mention, no further column."""
    page = edit_page(EN, per="Rate limit rule: @okx | [x](https://example.com) `y`")
    run(checkout, both("html", page), b"GET /a`@b|", flags=("--format", "markdown"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].count("|") == lines[2].count("|") == len(lines[0].split(" | ")) + 1
    assert "| `@okx/" in lines[2]
    assert "@" not in re.sub("`[^`]*`", "", "\n".join(lines))


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_texts_are_shown_side_by_side(checkout: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """A difference of texts shows ours and OKX's, each in the page's language."""
    pages = [edit_page(page, request={"ccy": f"New words\n{page['language']}"}, prose="A notice") for page in (EN, ZH)]
    assert run(checkout, both("html", *pages), flags=("--format", form)) == 10
    output = capsys.readouterr().out
    if form == "json":
        output = "\n".join(" ".join(map(str, row["words"])) for row in json.loads(output)["differences"])
    for text in ("A coin.", "New words en", "币种。", "New words zh", "What can be borrowed.", "A notice"):
        assert text in " ".join(output.split())


def test_unknown_operation(checkout: Path) -> None:
    """An operation outside of the spec is a usage error."""
    with pytest.raises(SystemExit, match="no operation getNothing in the spec, only getMaxLoan"):
        run(checkout, both("html"), flags=("--operation", "getNothing"))


def test_facts_of_any_operation(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The facts of an operation outside of the spec can be shown."""
    page = RENDER["html"](edit_page(EN, path="/api/v5/other")).encode()
    assert run(checkout, page, flags=("--facts", "GET /api/v5/other")) == 0
    assert json.loads(capsys.readouterr().out)[0]["en"]["request"]["instId"]["limit"] == 5
    assert run(checkout, page, flags=("--facts", "GET /api/v5/none")) == 20


def test_first_page_makes_the_lock(checkout: Path) -> None:
    """Without a lock only the spec is compared, and --write creates the lock."""
    (checkout / "spec" / "docs.lock.json").unlink()
    assert run(checkout, both("html")) == 12
    assert run(checkout, both("html"), flags=("--write",)) == 12
    lock = json.loads((checkout / "spec" / "docs.lock.json").read_text())
    assert lock["operations"]["getMaxLoan"].keys() == {"en", "zh"}


@pytest.mark.parametrize("form", FORMS)
def test_page_of_all_endpoints(form: str) -> None:
    """One endpoint is found on a page of 4 MB, in a time that does not grow with the square of its size."""
    other = edit_page(EN, prose="word " * 400)
    others = [RENDER[form](edit_page(other, path=f"/api/v5/other/{n}", title=f"Other {n}")) for n in range(1300)]
    page = "\n\n".join([*others[:900], RENDER[form](EN), *others[900:]]).encode()
    assert len(page) > 4_000_000
    start = time.perf_counter()
    parsed = parse_page(page, "GET", PATH)
    assert time.perf_counter() - start < 10
    assert parsed == parse_page(RENDER[form](EN).encode(), "GET", PATH)


TOP = f"<h3>t</h3>GET {PATH}"
HEAD = f"# t\n\n#### HTTP Request\n\n`GET {PATH}`\n\n#### Request Parameters\n\n"
TABLE = f"{HEAD}a | b\n---|---\n"
# The first pages are within the budget of page.py and reach the parser; the others must not.
HOSTILE = {
    "nested": TOP + "<div>" * 25_000,
    "formatting": TOP + "".join(f"<b a{n}>" for n in range(4000)) + "<p>x</p>" * 10_000,
    "attributes": f"{TOP}<a {' '.join(f'a{n}' for n in range(12_000))}>",
    "more attributes": f"{TOP}<a {' '.join(f'a{n}' for n in range(300_000))}>",
    "comments": TOP + "<!--" * 30_000,
    "titles": "<h3>" * 400_000,
    "candidates": TOP * 60_000,
    "markdown titles": f"# t\nGET {PATH}\n" * 60_000,
    "blank lines": TABLE + "\n" * 120_000,
    "continued cells": TABLE + "x\n" * 60_000,
    "delimiters": f"{HEAD}a|b\n" + "|---" * 30_000,
    "brackets": TABLE + "[](" * 40_000,
    "depth": TABLE + ">" * 120_000 + "x | y",
    "json": HEAD + "    " + "[" * 120_000,
    "numbers": f"# t\n\n#### Rate Limit: {'9' * 120_000} requests per second\n\n#### HTTP Request\n\n`GET {PATH}`",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pages_end(checkout: Path, text: str) -> None:
    """A page that is designed to slow the parser down or to exhaust memory is rejected soon."""
    start = time.perf_counter()
    assert run(checkout, text.encode()) == 20
    assert time.perf_counter() - start < 10


FRAGMENTS = [*(line for form in FORMS for line in RENDER[form](EN).splitlines()), *PIECES]
LINES = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(lambda pieces: "\n".join(pieces).encode(errors="replace"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=400), LINES))
def test_any_bytes_end_in_an_exit_code(lock: Lock, data: bytes) -> None:
    """Arbitrary bytes are compared or rejected; no other exception occurs."""
    assert exit_code(SPEC, lock, data) in CODES


def test_mutated_pages_end_in_an_exit_code(lock: Lock) -> None:
    """Each of 600 randomly damaged pages is compared or rejected within the time limit, as a changelog too."""
    for code, seconds in parse_damaged_pages(lock, 600, seed=1):
        assert code in CODES
        assert seconds < LONGEST
