"""--write: the lines that it edits, the decisions that it leaves to a person, and the lines that it never changes."""

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docs_watch.lock import Lock
from docs_watch.spec import Spec

from tests.docs_watch.conftest import run
from tests.docs_watch.pages import EN, FORMS, PATH, RENDER, ZH, both, edit_page, edited, edits

RATE = "Rate Limit: 30 requests per 2 seconds"
RATE_ZH = "限速：30次/2s"
OTHER_WORDS = ["Other words", "别的话"]


def write(checkout: Path, data: bytes, *flags: str) -> int:
    """Run the script with --write on a page."""
    return run(checkout, data, flags=("--write", *flags))


def write_edit(checkout: Path, **edit: Any) -> int:
    """Run the script with --write on an edited page."""
    return write(checkout, edited("markdown", **edit))


def spec_text(checkout: Path) -> str:
    """Return the text of the spec."""
    return (checkout / "spec" / "openapi.yaml").read_text("utf-8")


def state(checkout: Path) -> dict[str, str]:
    """Return the content of every file in spec/."""
    return {path.name: path.read_text("utf-8") for path in (checkout / "spec").iterdir()}


def read_lock(checkout: Path) -> Lock:
    """Read the lock."""
    return Lock((checkout / "spec" / "docs.lock.json").read_text("utf-8"))


def accept(checkout: Path, which: Callable[[dict[str, Any]], bool]) -> None:
    """Delete the texts that a person has read from the lock."""
    lock = read_lock(checkout)
    lock.unread = [each for each in lock.unread if not which(each)]
    (checkout / "spec" / "docs.lock.json").write_text(lock.text(), "utf-8")


def written_lines(checkout: Path, data: bytes, code: int = 0) -> list[str]:
    """Run the script with --write on a page; return the lines of the spec that changed."""
    before = spec_text(checkout).splitlines()
    exit_code = write(checkout, data)
    assert exit_code == (code or (10 if read_lock(checkout).unread else 0))
    lines = difflib.unified_diff(before, spec_text(checkout).splitlines(), n=0, lineterm="")
    return [
        each for each in lines if each[0] in "+-" and not each.startswith(("+++", "---")) and "version:" not in each
    ]


@pytest.mark.parametrize(("form", "edit"), edits("written", "written"))
def test_edits_of_the_spec(checkout: Path, form: str, edit: dict[str, Any]) -> None:
    """Only the lines of the change are edited, and only texts are left to read."""
    assert written_lines(checkout, edited(form, **edit)) == edit["lines"]
    assert {each["place"][-1] for each in read_lock(checkout).unread} <= {"text"}


@pytest.mark.parametrize(("form", "edit"), edits("drift", "drift")[::6])
def test_write_is_idempotent(checkout: Path, form: str, edit: dict[str, Any]) -> None:
    """A second --write changes nothing and reports the same."""
    data = edited(form, **edit)
    code = write(checkout, data)
    after = state(checkout)
    assert write(checkout, data) == code
    assert state(checkout) == after
    assert Spec(after["openapi.yaml"]).text() == after["openapi.yaml"]


@pytest.mark.parametrize(("form", "edit"), edits("written", "undecided"))
def test_decisions_are_not_written(checkout: Path, form: str, edit: dict[str, Any]) -> None:
    """A change that needs a decision is not written, and is reported until the spec or the lock settles it."""
    assert written_lines(checkout, edited(form, **edit), edit["code"]) == []
    assert write(checkout, edited(form, **edit)) == edit["code"]


def test_alias_is_copied_where_the_page_differs(checkout: Path) -> None:
    """Values that a field shares with a parameter are copied once the field's row lists different ones."""
    request = {"mgnMode": "Kind\n`isolated` `cross`\n`portfolio`"}
    assert write_edit(checkout, request=request, response={"mgnMode": "Kind\n`isolated` `cross`"}) == 10
    facts = Spec(spec_text(checkout)).facts("GET", PATH)
    assert facts.request["mgnMode"].values == ("isolated", "cross", "portfolio")
    assert facts.response["mgnMode"].values == ("isolated", "cross")


def test_contradicting_languages_are_not_written(checkout: Path) -> None:
    """A limit that only one of two languages raises, or an anchor that differs between them, is not written."""
    assert write_edit(checkout, rate=[RATE, ZH["rate"]]) == 11
    assert write(checkout, both("html", edit_page(EN, anchor="elsewhere"))) == 10
    spec = Spec(spec_text(checkout))
    assert spec.facts("GET", PATH).rate == ((20, 2),)
    assert spec.anchors("GET", PATH) == {"en": "a-loan", "zh": "a-loan"}


def test_one_page_is_enough(checkout: Path) -> None:
    """With one language alone, its page decides and its text replaces the other's."""
    page = edit_page(EN, rate=RATE, add=[{"table": "response", "name": "quota", "description": "What is left"}])
    assert write(checkout, RENDER["html"](page).encode(), "--language", "en") == 0
    spec = Spec(spec_text(checkout))
    assert spec.facts("GET", PATH).rate == ((30, 2),)
    assert spec.row("GET", PATH)["properties"]["quota"]["x-description-zh"] == "What is left"


def test_restored_parameter_is_not_deprecated(checkout: Path) -> None:
    """A parameter or field that a page removes and restores is not deprecated afterwards."""
    before = spec_text(checkout)
    assert write_edit(checkout, drop=["request.mgnCcy", "response.side"]) == 0
    assert write(checkout, both("html")) == 0
    version = Spec(before).document["info"]["version"]
    after = Spec(spec_text(checkout))
    after.document["info"]["version"] = version
    assert after.text() == before


def test_the_lock_holds_no_sentence(checkout: Path) -> None:
    """The lock has descriptions, titles and prose as hashes only."""
    en, zh = (edit_page(page, prose=f"A notice {page['language']}") for page in (EN, ZH))
    assert write(checkout, both("markdown", en, zh)) == 10
    lock = read_lock(checkout).text()
    for page in (en, zh):
        texts = [page["title"], page["prose"], *(row["description"] for row in (*page["request"], *page["response"]))]
        assert not [text for text in texts if text.partition("\n")[0] in lock]


@pytest.mark.parametrize(("form", "edit"), edits("written", "reported"))
def test_remaining_work_is_listed(
    checkout: Path, capsys: pytest.CaptureFixture[str], form: str, edit: dict[str, Any]
) -> None:
    """The output names edits, texts to read, drafts, examples that lack a parameter, and each rule to decide once."""
    assert write(checkout, edited(form, **edit)) == edit["code"]
    output, spec = capsys.readouterr().out.splitlines(), spec_text(checkout).splitlines()
    for line in edit["output"]:
        text = re.search("<(.*)>", line)
        number = next(number for number, each in enumerate(spec, 1) if text and text[1] in each)
        assert re.sub("<.*>", str(number), line) in output
    assert sum(line.startswith("decide") for line in output) == 1


def test_changes_outside_the_spec_are_reported(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that only the lock can record is reported with its severity until a person accepts it."""
    nested = {"table": "response", "name": "> part", "description": "Half", "type": "Number", "at": 1}
    page = edited("html", permission="Permission: Trade", add=[nested])
    for _ in range(2):
        assert write(checkout, page) == 12
        output = capsys.readouterr().out
        assert "read     breaking getMaxLoan permission (en zh)" in output
        assert "read     additive getMaxLoan response.instId.part (en zh)" in output
    assert run(checkout, page) == 12
    accept(checkout, lambda entry: entry["place"][-1] == "permission")
    assert run(checkout, page) == 11
    accept(checkout, lambda _: True)
    assert run(checkout, page) == 0


def test_read_texts_are_accepted_with_a_reason(checkout: Path) -> None:
    """An entry of `known` accepts unread texts in the languages that it names."""
    page = edited("markdown", response={"ccy": OTHER_WORDS})
    assert write(checkout, page) == 10
    for languages, code in ((["en"], 10), (["en", "zh"], 0)):
        lock = read_lock(checkout)
        entry = {"operation": "getMaxLoan", "languages": languages, "what": "response.ccy.text", "reason": "it is true"}
        lock.known.append(entry)
        (checkout / "spec" / "docs.lock.json").write_text(lock.text(), "utf-8")
        assert run(checkout, page) == code


def test_restored_text_needs_no_reading(checkout: Path) -> None:
    """A text that returns to its old form is no longer unread, and one that changes twice is unread once."""
    for text in ("Other words", "Yet others"):
        assert write(checkout, both("html", edit_page(EN, response={"ccy": {"description": text}}))) == 10
        assert [each["place"] for each in read_lock(checkout).unread] == [["response", "ccy", "text"]]
    before = spec_text(checkout)
    assert write(checkout, both("html")) == 0
    assert read_lock(checkout).unread == []
    assert spec_text(checkout) == before


def test_manual_edits_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that --write leaves to a person is named with old value, new value and the files that mention it."""
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_x.py").write_text(f"#\nPATH = '{PATH}'\nLONGER = '{PATH}-history'\nURL = '{PATH}?x'\n")
    for name in ("README.md", "CHANGELOG.md"):
        (checkout / name).write_text(f"`GET {PATH}`\n")
    assert write_edit(checkout, path="/api/v6/account/max-loan") == 12
    output = capsys.readouterr().out.splitlines()
    assert f"edit     getMaxLoan path: {PATH} -> /api/v6/account/max-loan (en zh) spec/openapi.yaml:9" in output
    assert [line for line in output if " names " in line] == [
        f"edit     README.md:1 names {PATH}",
        f"edit     tests/test_x.py:2 names {PATH}",
        f"edit     tests/test_x.py:4 names {PATH}",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_moved_anchor(checkout: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """A moved anchor is a link to change; --write changes it in the spec and names the other files that have it."""
    (checkout / "README.md").write_text("[It](https://www.okx.com/docs-v5/en/#a-loan).\n#a-loan-of-another\n")
    page = both(form, edit_page(EN, anchor="elsewhere"), edit_page(ZH, anchor="elsewhere"))
    assert run(checkout, page) == 10
    assert written_lines(checkout, page) == [
        "-        url: https://www.okx.com/docs-v5/en/#a-loan", "-        x-url-zh: https://www.okx.com/docs-v5/zh/#a-loan",
        "+        url: https://www.okx.com/docs-v5/en/#elsewhere",
        "+        x-url-zh: https://www.okx.com/docs-v5/zh/#elsewhere",
    ]  # fmt: skip
    named = [line for line in capsys.readouterr().out.splitlines() if " names " in line]
    assert named == ["edit     README.md:1 names a-loan"]
    assert run(checkout, page) == 0


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", [1, 2])
def test_interrupted_write_changes_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], at: int
) -> None:
    """After a failed or interrupted rename, spec and lock are unchanged and no temporary file remains."""
    before, calls = state(checkout), 0
    rename = Path.replace

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == at:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(error):
        write_edit(checkout, rate=[RATE, RATE_ZH])
    assert state(checkout) == before


def test_invalid_edit_is_not_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that violates the spec's own rules is not written, and the violated rule is named."""
    schema = checkout / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"requests": {"type": "integer"', '"requests": {"const": 20'))
    before = state(checkout)
    assert write_edit(checkout, rate=[RATE, RATE_ZH]) == 20
    assert "20 was expected" in capsys.readouterr().out
    assert state(checkout) == before


@pytest.mark.parametrize("page", [b"", RENDER["html"](edit_page(EN, path="/other", title="Other")).encode()])
def test_page_that_is_not_understood_writes_nothing(checkout: Path, page: bytes) -> None:
    """A page that cannot be parsed leads to no edit."""
    before = state(checkout)
    assert write(checkout, page) == 20
    assert state(checkout) == before


def test_unedited_lines_keep_their_format() -> None:
    """Lines that ruamel would format differently keep their format when other lines are edited."""
    text = "a: [{b: 1}]\nc:\n  {d: 2}\nlong: plain\n# why\n\n\nlast: [ 1,2 ]\n"
    spec = Spec(text)
    assert spec.text() == text
    spec.document["long"] = "other"
    assert spec.text() == text.replace("plain", "other")


@pytest.mark.parametrize(("form", "edit"), edits("plausible", "values"))
def test_no_sentence_becomes_a_value(checkout: Path, form: str, edit: dict[str, Any]) -> None:
    """--write never puts a word of a description into the spec that the page does not list as a value."""
    write(checkout, edited(form, **edit))
    spec = Spec(spec_text(checkout))
    parameters, fields = spec.operation("GET", PATH)["parameters"], spec.row("GET", PATH)["properties"].values()
    values = [{*each["schema"].get("enum", ()), *each.get("x-okx-values", ())} for each in parameters]
    added = set().union(*values, *(each.get("x-okx-values", ()) for each in fields))
    assert added <= {"isolated", "cross", "buy", "sell", *edit.get("values", ())}
