"""check_docs.py as a command: exit codes, formats, several pages, the page of all endpoints, and arbitrary bytes."""

import json
import os
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from check_docs import parse_all_pages
from docs_watch.changelog import notices, parse_changelog
from docs_watch.compare import Severity
from docs_watch.drift import differences
from docs_watch.edit import apply_facts
from docs_watch.facts import PageParseError
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from docs_watch.spec import Spec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.docs_watch.conftest import LOAN, SPEC, Checkout
from tests.docs_watch.pages import EN, FORMS, PATH, RENDER, ZH, both, edit_page, edited, edits


@pytest.mark.parametrize(("form", "edit"), edits("plausible", "layout", "values"))
def test_plausible_edits(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], form: str, edit: dict[str, Any]
) -> None:
    """A plausible edit has an acceptable exit code, and adds no value to the spec that the page does not list."""
    spec, lock, code = Spec(checkout.spec), checkout.lock, checkout.check(edited(form, **edit))
    assert code in edit["codes"]
    assert edit.get("says", "") in capsys.readouterr().out
    if code < 20:
        pages = parse_all_pages([str(checkout.root / "page-0")], [LOAN], lock).pages
        apply_facts(spec, lock, LOAN, pages[LOAN])
    parameters, fields = spec.operation("GET", PATH)["parameters"], spec.row("GET", PATH)["properties"].values()
    values = [{*each["schema"].get("enum", ()), *each.get("x-okx-values", ())} for each in parameters]
    added = set().union(*values, *(each.get("x-okx-values", ()) for each in fields))
    assert added <= {"isolated", "cross", "buy", "sell", *edit.get("values", ())}


def test_several_pages(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """Languages may be in separate files; each must have the operation, and they must agree."""
    en, zh = RENDER["html"](EN).encode(), RENDER["markdown"](ZH).encode()
    assert checkout.check(en, zh, flags=("--language", "en", "--language", "zh")) == 0
    for flags in ((), ("--language", "zh")):
        assert checkout.check(en, flags=flags) == 20
        assert "getMaxLoan: not in zh on any of these pages" in capsys.readouterr().out
    assert checkout.check(en, flags=("--language", "en")) == 0
    assert checkout.check(en, b"# nothing here") == 20
    assert "page-1: no documentation" in capsys.readouterr().out
    assert checkout.check(en, RENDER["markdown"](edit_page(EN, drop=["response.side"])).encode()) == 20
    assert "not what another page says" in capsys.readouterr().out


def test_text_and_json(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference is a line with aligned columns, or an object; so is a page that cannot be parsed."""
    pages = both("html", edit_page(EN, request={"mgnMode": {"required": "No"}})), b""
    assert checkout.check(*pages) == 20
    output = capsys.readouterr().out
    assert "\nadditive  getMaxLoan  request.mgnMode.required  required  optional  en" in output
    assert "\nnot understood: " in output
    assert checkout.check(*pages, flags=("--format", "json")) == 20
    report = json.loads(capsys.readouterr().out)
    row = {"place": "request.mgnMode.required", "was": "required", "now": "optional", "severity": "additive"}
    assert [row.items() <= each.items() for each in report["differences"]] == [True]
    assert "no documentation" in report["not_understood"][0]


def test_markdown_escapes_text_of_a_page(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """Text of a page appears as code in an issue: no link, no mention, no further column."""
    page = edit_page(EN, per="Rate limit rule: @okx | [x](https://example.com) `y`")
    checkout.check(both("html", page), b"GET /a`@b|", flags=("--format", "markdown"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].count("|") == lines[2].count("|") == len(lines[0].split(" | ")) + 1
    assert "| `@okx/" in lines[2]
    assert "@" not in re.sub("`[^`]*`", "", "\n".join(lines))


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_texts_are_shown_side_by_side(checkout: Checkout, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """A difference of texts shows ours and OKX's, each in the page's language."""
    pages = [edit_page(page, request={"ccy": f"New words\n{page['language']}"}, prose="A notice") for page in (EN, ZH)]
    assert checkout.check(both("html", *pages), flags=("--format", form)) == 10
    output = capsys.readouterr().out
    if form == "json":
        output = "\n".join(" ".join(map(str, row["words"])) for row in json.loads(output)["differences"])
    for text in ("A coin.", "New words en", "币种。", "New words zh", "What can be borrowed.", "A notice"):
        assert text in " ".join(output.split())


def test_operations_outside_of_the_spec(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """An operation outside of the spec is a usage error, but its facts can be shown."""
    page = RENDER["html"](edit_page(EN, path="/api/v5/other")).encode()
    with pytest.raises(SystemExit, match="no operation getNothing in the spec, only getMaxLoan"):
        checkout.check(page, flags=("--operation", "getNothing"))
    assert checkout.check(page, flags=("--facts", "GET /api/v5/other")) == 0
    assert json.loads(capsys.readouterr().out)[0]["en"]["request"]["instId"]["limit"] == 5
    assert checkout.check(page, flags=("--facts", "GET /api/v5/none")) == 20


def test_first_page_makes_the_lock(checkout: Checkout) -> None:
    """Without a lock only the spec is compared, and --write creates the lock."""
    (checkout.folder / "docs.lock.json").unlink()
    assert checkout.check(both("html")) == 12
    assert checkout.write(both("html")) == 12
    assert checkout.lock.operations["getMaxLoan"].keys() == {"en", "zh"}


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
def test_hostile_pages_end(checkout: Checkout, text: str) -> None:
    """A page that is designed to slow the parser down or to exhaust memory is rejected soon."""
    start = time.perf_counter()
    assert checkout.check(text.encode()) == 20
    assert time.perf_counter() - start < 10


PIECES = (
    " | ", "\n", "\n\n", "> ", "`", "~~", "<del>", "</del>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<h4>",
    "</h4>", "<h3 id='x'>", "#### ", "# ", "---|---|---", "---", "    ", "```", "- ", "1. ", ",", "(", ")", "：", "（",
    "String", "Parameter", "HTTP Request", f"GET {PATH}", "no more than 7", "2026-09-30", "&gt;", "&#0;", "\0",
    "\ud83d", "无", "限速：", "<br>", "<pre>", "<code>", "<!--", "**",
)  # fmt: skip
LINES = [*(line for form in FORMS for line in RENDER[form](EN).splitlines()), *PIECES]
OFFSETS = st.integers(0, 8000)
# A piece of the page goes to another place; what stands in its stead is nothing, another piece, or the same.
MOVES = st.tuples(OFFSETS, st.sampled_from((0, 1, 5, 40, 300)), OFFSETS, st.sampled_from(("", *PIECES)) | st.none())


@st.composite
def damaged_pages(draw: st.DrawFn) -> bytes:
    """Cut, double, splice and mistype a page."""
    data = bytearray(both(draw(st.sampled_from(FORMS))))
    for start, size, other, instead in draw(st.lists(MOVES, min_size=1, max_size=6)):
        part = data[start : start + size]
        data[start : start + size] = part if instead is None else instead.encode("utf-8", "surrogatepass")
        data[other:other] = part
    return bytes(data)


# The nightly run has another seed each time, and more pages.
@settings(
    max_examples=int(os.environ.get("OKX_DAMAGED_PAGES", "600")),
    deadline=timedelta(seconds=10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=st.binary(max_size=400)
    | st.lists(st.sampled_from(LINES), max_size=60).map(lambda lines: "\n".join(lines).encode(errors="replace"))
    | damaged_pages()
)
def test_any_bytes_end_in_an_exit_code(lock: Lock, data: bytes) -> None:
    """Arbitrary bytes and damaged pages are compared or rejected in time, as a changelog too, without other errors."""
    try:
        rows = differences(SPEC, lock, LOAN, parse_page(data, LOAN.method, LOAN.path))
    except PageParseError:
        rows = []
    assert {row.severity for row in rows} <= {*Severity}
    try:
        notices(parse_changelog(data), SPEC, lock)
    except PageParseError:
        return
