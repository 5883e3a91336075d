"""--write: the lines that it edits, the decisions that it leaves to a person, and the lines that it never changes."""

import difflib
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from docs_watch.spec import Spec

from tests.docs_watch.conftest import Checkout
from tests.docs_watch.pages import EN, PATH, RENDER, ZH, both, edit_page, edited, edits

MORE_REQUESTS = ["Rate Limit: 30 requests per 2 seconds", "限速：30次/2s"]


@pytest.mark.parametrize(("form", "edit"), edits("written", "written", "undecided"))
def test_edits_of_the_spec(checkout: Checkout, form: str, edit: dict[str, Any]) -> None:
    """Only lines that need no decision are edited, once, and only texts are left to read; a decision stays reported."""
    before, page = checkout.spec.splitlines(), edited(form, **edit)
    code = checkout.write(page)
    assert code == edit.get("code", 10 if checkout.lock.unread else 0)
    after = checkout.state()
    assert (checkout.write(page), checkout.state()) == (code, after)
    lines = difflib.unified_diff(before, checkout.spec.splitlines(), n=0, lineterm="")
    changed = [each for each in lines if each[0] in "+-" and not re.match(r"\+\+\+|---|. +version:", each)]
    assert changed == edit.get("lines", [])
    assert "code" in edit or {each["place"][-1] for each in checkout.lock.unread} <= {"text"}


def test_one_page_is_enough(checkout: Checkout) -> None:
    """With one language alone, its page decides and its text replaces the other's."""
    rows = [{"table": "response", "name": "quota", "description": "What is left"}]
    page = edit_page(EN, rate=MORE_REQUESTS, add=rows)
    assert checkout.check(RENDER["html"](page).encode(), flags=("--write", "--language", "en")) == 0
    spec = Spec(checkout.spec)
    assert spec.facts("GET", PATH).rate == ((30, 2),)
    assert spec.row("GET", PATH)["properties"]["quota"]["x-description-zh"] == "What is left"


def test_restored_parameter_is_not_deprecated(checkout: Checkout) -> None:
    """A parameter or field that a page removes and restores is not deprecated afterwards."""
    before = checkout.spec
    assert checkout.write(edited("markdown", drop=["request.mgnCcy", "response.side"])) == 0
    assert checkout.write(both("html")) == 0
    assert re.sub("version: .*", "version: '2026-01-01'", checkout.spec) == before


def test_the_lock_holds_no_sentence(checkout: Checkout) -> None:
    """The lock has descriptions, titles and prose as hashes only."""
    pages = [edit_page(page, prose=f"A notice {page['language']}") for page in (EN, ZH)]
    assert checkout.write(both("markdown", *pages)) == 10
    lock = checkout.lock.text()
    for page in pages:
        texts = [page["title"], page["prose"], *(row["description"] for row in (*page["request"], *page["response"]))]
        assert not [text for text in texts if text.partition("\n")[0] in lock]


@pytest.mark.parametrize(("form", "edit"), edits("written", "reported"))
def test_remaining_work_is_listed(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], form: str, edit: dict[str, Any]
) -> None:
    """The output names edits, texts to read, drafts, examples that lack a parameter, and each rule to decide once."""
    assert checkout.write(edited(form, **edit)) == edit["code"]
    output, spec = capsys.readouterr().out.splitlines(), checkout.spec.splitlines()
    for line in edit["output"]:
        text = re.search("<(.*)>", line)
        number = next(number for number, each in enumerate(spec, 1) if text and text[1] in each)
        assert re.sub("<.*>", str(number), line) in output
    assert sum(line.startswith("decide") for line in output) == 1


def test_changes_outside_the_spec_are_reported(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that only the lock can record is reported with its severity until a person accepts it."""
    nested = {"table": "response", "name": "> part", "description": "Half", "type": "Number", "at": 1}
    page = edited("html", permission="Permission: Trade", add=[nested])
    for _ in range(2):
        assert checkout.write(page) == 12
        output = capsys.readouterr().out
        assert "read     breaking getMaxLoan permission (en zh)" in output
        assert "read     additive getMaxLoan response.instId.part (en zh)" in output
    lock = checkout.lock
    lock.unread = [each for each in lock.unread if each["place"][-1] != "permission"]
    accepted: dict[str, Any] = {"operation": "getMaxLoan", "what": "response.instId.part", "reason": "it is true"}
    for languages, code in (([], 11), (["en"], 11), (["en", "zh"], 0)):
        lock.known.append({**accepted, "languages": languages})
        checkout.set_lock(lock)
        assert checkout.check(page) == code


def test_restored_text_needs_no_reading(checkout: Checkout) -> None:
    """A text that returns to its old form is no longer unread, and one that changes twice is unread once."""
    for text in ("Other words", "Yet others"):
        assert checkout.write(both("html", edit_page(EN, response={"ccy": {"description": text}}))) == 10
        assert [each["place"] for each in checkout.lock.unread] == [["response", "ccy", "text"]]
    before = checkout.spec
    assert checkout.write(both("html")) == 0
    assert checkout.lock.unread == []
    assert checkout.spec == before


@pytest.mark.parametrize(
    ("edit", "places"),
    [
        ({"path": "/api/v6/account/max-loan"}, ["README.md:1", "tests/test_x.py:2", "tests/test_x.py:4"]),
        ({"anchor": "elsewhere"}, ["README.md:2"]),
    ],
)
def test_files_that_name_what_moved(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], edit: dict[str, str], places: list[str]
) -> None:
    """The files that name an old path or anchor themselves are listed, except in the changelog."""
    (checkout.root / "tests").mkdir()
    (checkout.root / "tests" / "test_x.py").write_text(f"#\nA = '{PATH}'\nB = '{PATH}-history'\nC = '{PATH}?x'\n")
    for name in ("README.md", "CHANGELOG.md"):
        (checkout.root / name).write_text(
            f"`GET {PATH}`\n[It](https://www.okx.com/docs-v5/en/#a-loan).\n#a-loan-of-x\n"
        )
    checkout.write(edited("markdown", **edit))
    old = PATH if "path" in edit else "a-loan"
    named = [line for line in capsys.readouterr().out.splitlines() if " names " in line]
    assert named == [f"edit     {place} names {old}" for place in places]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", [1, 2])
def test_interrupted_write_changes_nothing(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], at: int
) -> None:
    """After a failed or interrupted rename, spec and lock are unchanged and no temporary file remains."""
    before, rename, calls = checkout.state(), Path.replace, count(1)

    def failing(self: Path, target: Path) -> Path:
        if next(calls) == at:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(error):
        checkout.write(edited("markdown", rate=MORE_REQUESTS))
    assert checkout.state() == before


def test_invalid_edit_is_not_written(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that violates the spec's own rules is not written, and the violated rule is named."""
    schema = checkout.folder / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"requests": {"type": "integer"', '"requests": {"const": 20'))
    before = checkout.state()
    assert checkout.write(edited("markdown", rate=MORE_REQUESTS)) == 20
    assert "20 was expected" in capsys.readouterr().out
    assert checkout.state() == before


@pytest.mark.parametrize("page", [b"", RENDER["html"](edit_page(EN, path="/other", title="Other")).encode()])
def test_page_that_is_not_understood_writes_nothing(checkout: Checkout, page: bytes) -> None:
    """A page that cannot be parsed leads to no edit."""
    before = checkout.state()
    assert checkout.write(page) == 20
    assert checkout.state() == before


def test_unedited_lines_keep_their_format() -> None:
    """Lines that ruamel would format differently keep their format when other lines are edited."""
    text = "a: [{b: 1}]\nc:\n  {d: 2}\nlong: plain\n# why\n\n\nlast: [ 1,2 ]\n"
    spec = Spec(text)
    assert spec.text() == text
    spec.document["long"] = "other"
    assert spec.text() == text.replace("plain", "other")
