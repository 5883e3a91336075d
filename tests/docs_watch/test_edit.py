"""--write: the lines that it edits, the decisions that it leaves to a person, and the lines that it never changes."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import check_docs
import pytest
from docs_watch.draft import MARK
from docs_watch.lock import Lock
from docs_watch.spec import Spec

from tests.docs_watch.page_edits import (
    ITEMS,
    MODES,
    NO,
    SEEDED,
    YES,
    add_row,
    chain,
    describe_field,
    describe_parameter,
    drop_row,
    fill,
    set_cells,
    set_parts,
    set_texts,
)
from tests.docs_watch.pages import EN, FORMS, PATH, RENDER, ZH, Row, both
from tests.docs_watch.plausible_edits import OF_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docs_watch.page_edits import Change, Edit
    from tests.docs_watch.plausible_edits import PlausibleEdit

RATE = set_texts(rate=("Rate Limit: 30 requests per 2 seconds", "限速：30次/2s"))


def write(checkout: Path, data: bytes, *flags: str) -> int:
    """Run the script with --write on a page."""
    page = checkout / "page"
    page.write_bytes(data)
    return check_docs.main([str(page), "--root", str(checkout), "--write", *flags])


def check(checkout: Path, data: bytes) -> int:
    """Run the script on a page without --write."""
    page = checkout / "page"
    page.write_bytes(data)
    return check_docs.main([str(page), "--root", str(checkout)])


def accept(checkout: Path, which: Callable[[dict[str, Any]], bool]) -> None:
    """Delete the texts that a person has read from the lock."""
    path = checkout / "spec" / "docs.lock.json"
    lock = Lock(path.read_text("utf-8"))
    lock.unread = [each for each in lock.unread if not which(each)]
    path.write_text(lock.text(), "utf-8")


def state(checkout: Path) -> dict[str, str]:
    """Return the content of every file in spec/."""
    return {path.name: path.read_text("utf-8") for path in (checkout / "spec").iterdir()}


def unread(checkout: Path) -> list[dict[str, Any]]:
    """Return the texts that the lock lists as unread."""
    return Lock(state(checkout)["docs.lock.json"]).unread


def apply_edit(checkout: Path, edit: Change, form: str = "markdown", code: int = 0) -> list[str]:
    """Apply an edit to both pages with --write; return the lines of the spec that changed."""
    before = state(checkout)["openapi.yaml"].splitlines()
    exit_code = write(checkout, both(form, edit(EN), edit(ZH)))
    assert exit_code == (code or (10 if unread(checkout) else 0))
    after = state(checkout)["openapi.yaml"].splitlines()
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    return [
        each for each in lines if each[0] in "+-" and not each.startswith(("+++", "---")) and "version:" not in each
    ]


DRAFT = f"# {MARK}"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (RATE, ["-      x-okx-rate-limit: {requests: 20, period: 2, per: user}",
                "+      x-okx-rate-limit: {requests: 30, period: 2, per: user}"]),
        (describe_parameter("instId", fill(ITEMS, "3")), ["-            maxItems: 5", "+            maxItems: 3"]),
        (set_cells("request", "mgnMode", required=NO), ["-          required: true", "+          required: false"]),
        (set_cells("request", "ccy", required=YES), ["+          required: true"]),
        (drop_row("request", "mgnCcy"), ["+          deprecated: true"]),
        (drop_row("response", "side"), ["+          deprecated: true"]),
        (
            describe_parameter("mgnMode", fill(MODES, "\n`portfolio`: For all 共")),
            ["-          schema: {type: string, enum: [isolated, cross]}",
             "+          schema: {type: string, enum: [isolated, cross, portfolio]}",
             f"+            {DRAFT}", "+            portfolio: {en: For all 共, zh: For all 共}"],
        ),
        (
            describe_parameter("mgnMode", ("Kind\n`cross`", "种类\n`cross`：共用")),
            ["-          schema: {type: string, enum: [isolated, cross]}",
             "+          schema: {type: string, enum: [cross]}",
             "-            isolated: {en: Apart., zh: 单独。}"],
        ),
        (
            add_row("request", Row("subAcct", "Whose: `x`\nnot ours 谁"), required=NO),
            [f"+        {DRAFT}", "+        - name: subAcct", "+          in: query",
             "+          description: 'Whose: `x` not ours 谁'",
             "+          x-description-zh: 'Whose: `x` not ours 谁'",
             "+          schema: {type: string}"],
        ),
        (
            add_row("request", Row("ids", "Multiple, no more than 3 不超过3个，多个"), required=YES),
            [f"+        {DRAFT}", "+        - name: ids", "+          in: query", "+          required: true",
             "+          style: form", "+          explode: false",
             "+          description: Multiple, no more than 3 不超过3个，多个",
             "+          x-description-zh: Multiple, no more than 3 不超过3个，多个",
             "+          schema: {type: array, minItems: 1, maxItems: 3, items: {type: string}}"],
        ),
        (
            add_row("response", Row("kind", "Which 哪\n`a`: First 一")),
            [f"+        {DRAFT}", "+        kind:", "+          type: string", "+          default: ''",
             "+          description: Which 哪", "+          x-description-zh: Which 哪", "+          x-okx-values:",
             f"+            {DRAFT}", "+            a: {en: First 一, zh: First 一}"],
        ),
        (
            add_row("response", Row("open", "Is it 是否", type="Boolean")),
            [f"+        {DRAFT}", "+        open:", "+          type: boolean", "+          default: false",
             "+          description: Is it 是否", "+          x-description-zh: Is it 是否"],
        ),
        (
            describe_field("ccy", ("Coin\n`BTC`: One", "币\n`BTC`：一种")),
            ["-        ccy: {type: string, description: The coin., x-description-zh: 币种。}", "+        ccy:",
             "+          type: string", "+          description: The coin.", "+          x-description-zh: 币种。",
             "+          x-okx-values:", f"+            {DRAFT}", "+            BTC: {en: One, zh: 一种}"],
        ),
        (describe_field("ccy", ("Other words", "别的话")), []),
        (set_cells("request", "tradeQuoteCcy", type=("string", "STRING")), []),
    ],
)  # fmt: skip
def test_edits_of_the_spec(checkout: Path, form: str, edit: Change, lines: list[str]) -> None:
    """Only the lines of the change are edited, and only texts are left to read."""
    assert apply_edit(checkout, edit, form) == lines
    assert {each["place"][-1] for each in unread(checkout)} <= {"text"}


@pytest.mark.parametrize("edit", SEEDED[::3], ids=lambda edit: edit.id)
def test_write_is_idempotent(checkout: Path, edit: Edit) -> None:
    """A second --write changes nothing and reports the same."""
    data = both("markdown", edit.apply(EN), edit.apply(ZH))
    code = write(checkout, data)
    after = state(checkout)
    assert write(checkout, data) == code
    assert state(checkout) == after
    assert Spec(after["openapi.yaml"]).text() == after["openapi.yaml"]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (set_texts(rate=("Rate Limit: 9 requests per 1 second; 80 requests per hour", "限速：9次/s；80次/小时")), 12),
        (set_texts(per=("Rate limit rule: IP", "限速规则：IP")), 12),
        (set_parts(path="/api/v6/account/max-loan"), 12),
        (set_cells("request", "ccy", type=("Integer", "Integer")), 12),
        (set_cells("response", "maxLoan", type=("Number", "Number")), 12),
        (describe_parameter("mgnMode", ("Kind", "种类")), 12),
        (describe_parameter("ccy", ("Coin\n`BTC`: One", "币\n`BTC`：一种")), 12),
        (describe_parameter("ccy", ("Coin\n`BTC` `ETH`", "币")), 12),
        (describe_parameter("ccy", ("Up to 3, comma", "不超过3个，逗号")), 12),
        (describe_parameter("instId", ("One pair", "一个")), 12),
        (
            describe_parameter(
                "instId", fill(("Pairs, no more than {}, comma\n`A-B`", "币对（不超过{}个），逗号\n`A-B`"), "5")
            ),
            12,
        ),
        (add_row("response", Row("odd", "What", type="Decimal range")), 11),
        (add_row("response", Row("parts", "Which", type="Array of objects")), 11),
        (add_row("request", Row("on", "Whether", type="Boolean"), required=NO), 11),
        (lambda page: add_row("request", Row("kind", f"Which\n`a` `{page.language}`"), required=NO)(page), 11),
        (add_row("request", Row("some", "Which"), required=(NO[0], YES[1])), 12),
        (
            lambda page: add_row(
                "response", Row("some", "Which", type={"en": "String", "zh": "Boolean"}[page.language])
            )(page),
            11,
        ),
    ],
)
def test_decisions_are_not_written(checkout: Path, edit: Change, code: int) -> None:
    """A change that needs a decision is not written, and is reported until the spec or the lock settles it."""
    assert apply_edit(checkout, edit, code=code) == []
    assert write(checkout, both("html", edit(EN), edit(ZH))) == code


def test_alias_is_copied_where_the_page_differs(checkout: Path) -> None:
    """Values that a field shares with a parameter are copied once the field's row lists different ones."""
    echo = describe_field("mgnMode", ("Kind\n`isolated` `cross`", "种类\n`isolated` `cross`"))
    edit = chain(echo, describe_parameter("mgnMode", fill(MODES, "\n`portfolio`")))
    assert write(checkout, both("markdown", edit(EN), edit(ZH))) == 10
    facts = Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH)
    assert facts.request["mgnMode"].values == ("isolated", "cross", "portfolio")
    assert facts.response["mgnMode"].values == ("isolated", "cross")


def test_contradicting_languages_are_not_written(checkout: Path) -> None:
    """A limit that only one of two languages raises is not written."""
    assert write(checkout, both("html", RATE(EN))) == 11
    assert Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH).rate == ((20, 2),)


def test_one_page_is_enough(checkout: Path) -> None:
    """With one language alone, its page decides and its text replaces the other's."""
    page = add_row("response", Row("quota", "What is left"))(RATE(EN))
    assert write(checkout, RENDER["html"](page).encode(), "--language", "en") == 0
    spec = Spec(state(checkout)["openapi.yaml"])
    assert spec.facts("GET", PATH).rate == ((30, 2),)
    assert spec.row("GET", PATH)["properties"]["quota"]["x-description-zh"] == "What is left"


def test_restored_parameter_is_not_deprecated(checkout: Path) -> None:
    """A parameter or field that a page removes and restores is not deprecated afterwards."""
    before = state(checkout)["openapi.yaml"]
    gone = chain(drop_row("request", "mgnCcy"), drop_row("response", "side"))
    assert write(checkout, both("html", gone(EN), gone(ZH))) == 0
    assert write(checkout, both("html")) == 0
    version = Spec(before).document["info"]["version"]
    after = Spec(state(checkout)["openapi.yaml"])
    after.document["info"]["version"] = version
    assert after.text() == before


def test_the_lock_holds_no_sentence(checkout: Path) -> None:
    """The lock has descriptions, titles and prose as hashes only."""
    en, zh = (page.with_parts(prose=f"A notice {page.language}") for page in (EN, ZH))
    assert write(checkout, both("markdown", en, zh)) == 10
    lock = state(checkout)["docs.lock.json"]
    for page in (en, zh):
        texts = [page.title, page.prose, *(row.description for row in (*page.request, *page.response))]
        assert not [text for text in texts if text.partition("\n")[0] in lock]


def test_remaining_work_is_listed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output names the lines of edits, of texts to read, of drafts to rewrite and of rules to decide."""
    page = chain(
        add_row("request", Row("subAcct", "Whose"), required=NO), describe_field("ccy", ("Other words", "别的话"))
    )
    assert write(checkout, both("markdown", page(EN), page(ZH))) == 10
    output = capsys.readouterr().out
    lines = state(checkout)["openapi.yaml"].splitlines()
    numbers = {text: next(n for n, line in enumerate(lines, 1) if text in line) for text in ("subAcct", "x-okx-rules")}
    assert f"edited   getMaxLoan request.subAcct spec/openapi.yaml:{numbers['subAcct']}" in output
    assert f"x-okx-rules spec/openapi.yaml:{numbers['x-okx-rules']}" in output
    assert "read     wording getMaxLoan response.ccy.text (en) spec/openapi.yaml:" in output
    assert f"in our own spec/openapi.yaml:{numbers['subAcct'] - 1}" in output


def test_changes_outside_the_spec_are_reported(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that only the lock can record is reported with its severity until a person accepts it."""
    nested = add_row("response", Row("> part", "Half", type="Number"), 1)
    page = both("html", *(nested(page.with_parts(permission="Permission: Trade")) for page in (EN, ZH)))
    for _ in range(2):
        assert write(checkout, page) == 12
        output = capsys.readouterr().out
        assert "read     breaking getMaxLoan permission (en zh)" in output
        assert "read     additive getMaxLoan response.instId.part (en zh)" in output
    assert check(checkout, page) == 12
    accept(checkout, lambda entry: entry["place"][-1] == "permission")
    assert check(checkout, page) == 11
    accept(checkout, lambda _: True)
    assert check(checkout, page) == 0


def test_read_texts_are_accepted_with_a_reason(checkout: Path) -> None:
    """An entry of `known` accepts unread texts in the languages that it names."""
    page = both("markdown", *(describe_field("ccy", ("Other words", "别的话"))(page) for page in (EN, ZH)))
    assert write(checkout, page) == 10
    for languages, code in ((["en"], 10), (["en", "zh"], 0)):
        path = checkout / "spec" / "docs.lock.json"
        lock = Lock(path.read_text("utf-8"))
        entry = {
            "operation": "getMaxLoan",
            "languages": languages,
            "what": "response.ccy.text",
            "reason": "ours is true",
        }
        lock.known.append(entry)
        path.write_text(lock.text(), "utf-8")
        assert check(checkout, page) == code


def test_restored_text_needs_no_reading(checkout: Path) -> None:
    """A text that returns to its old form is no longer unread, and one that changes twice is unread once."""
    pages = [both("html", describe_field("ccy", (text, "别的话"))(EN), ZH) for text in ("Other words", "Yet others")]
    for page in pages:
        assert write(checkout, page) == 10
        assert [each["place"] for each in unread(checkout)] == [["response", "ccy", "text"]]
    before = state(checkout)
    assert write(checkout, both("html")) == 0
    assert unread(checkout) == []
    assert state(checkout)["openapi.yaml"] == before["openapi.yaml"]


def test_rules_about_changed_parameters_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that mention a changed parameter and examples that lack a required one are named with their lines."""
    spec = checkout / "spec" / "openapi.yaml"
    example = "{id: one, account: {mode: spot}, query: {instId: [A-B]}, en: One., zh: 其一。}"
    examples = f"      x-okx-examples:\n        - {example}\n"
    text = spec.read_text("utf-8").replace("      x-okx-rules:\n", f"{examples}      x-okx-rules:\n")
    spec.write_text(text, "utf-8")
    page = chain(set_cells("request", "ccy", required=YES), describe_field("instId", ("A pair of it", "某币对")))
    write(checkout, both("markdown", page(EN), page(ZH)))
    output = capsys.readouterr().out.splitlines()
    lines = state(checkout)["openapi.yaml"].splitlines()
    rule, number = (next(n for n, line in enumerate(lines, 1) if f"id: {each}" in line) for each in ("one-of", "one,"))
    description = "does rule one-of-two still hold? It mentions ccy"
    assert f"decide   getMaxLoan {description} spec/openapi.yaml:{rule}" in output
    assert f"edit     getMaxLoan example one lacks ccy, which is required spec/openapi.yaml:{number}" in output
    assert len([line for line in output if line.startswith("decide")]) == 1


def test_new_required_parameter_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new required parameter is named as one that every caller must pass."""
    page = add_row("request", Row("subAcct", "Whose"), required=YES)
    assert write(checkout, both("html", page(EN), page(ZH))) == 0
    output = capsys.readouterr().out
    assert "decide   getMaxLoan does a rule between parameters follow? x-okx-rules" in output
    assert "edit     getMaxLoan subAcct is required: every caller has to give it" in output


def test_manual_edits_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that --write leaves to a person is named with old value, new value and the files that mention it."""
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_x.py").write_text(f"#\nPATH = '{PATH}'\nLONGER = '{PATH}-history'\nURL = '{PATH}?x'\n")
    for name in ("README.md", "CHANGELOG.md"):
        (checkout / name).write_text(f"`GET {PATH}`\n")
    page = set_parts(path="/api/v6/account/max-loan")
    assert write(checkout, both("html", page(EN), page(ZH))) == 12
    output = capsys.readouterr().out.splitlines()
    assert f"edit     getMaxLoan path: {PATH} -> /api/v6/account/max-loan (en zh) spec/openapi.yaml:9" in output
    assert [line for line in output if " names " in line] == [
        f"edit     README.md:1 names {PATH}",
        f"edit     tests/test_x.py:2 names {PATH}",
        f"edit     tests/test_x.py:4 names {PATH}",
    ]


def test_rules_whose_source_is_reworded_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is named where a text that it rests on has other words, with the language."""
    lines = state(checkout)["openapi.yaml"].splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "id: one-of" in line)
    page = set_cells("request", "ccy", description=("A coin that is lent", "被借的币"))
    for zh, sources in ((ZH, "en request.ccy"), (page(ZH), "en request.ccy, zh request.ccy")):
        assert write(checkout, both("markdown", page(EN), zh)) == 10
        expected = f"does rule one-of-two still hold? Its source has other words: {sources}"
        output = capsys.readouterr().out.splitlines()
        assert f"decide   getMaxLoan {expected} spec/openapi.yaml:{number}" in output


def test_files_that_name_a_moved_anchor_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The spec's links are edited; what links to the old anchor by itself is named."""
    (checkout / "README.md").write_text("[It](https://www.okx.com/docs-v5/en/#a-loan).\n#a-loan-of-another\n")
    assert write(checkout, both("html", EN.with_parts(anchor="elsewhere"), ZH.with_parts(anchor="elsewhere"))) == 0
    output = capsys.readouterr().out.splitlines()
    assert [line for line in output if " names " in line] == ["edit     README.md:1 names a-loan"]


@pytest.mark.parametrize("form", FORMS)
def test_moved_anchor(checkout: Path, form: str) -> None:
    """A moved anchor is reported as a link to change, and --write changes it in both languages."""
    page = both(form, EN.with_parts(anchor="elsewhere"), ZH.with_parts(anchor="elsewhere"))
    assert check(checkout, page) == 10
    assert apply_edit(checkout, set_parts(anchor="elsewhere"), form) == [
        "-        url: https://www.okx.com/docs-v5/en/#a-loan", "-        x-url-zh: https://www.okx.com/docs-v5/zh/#a-loan",
        "+        url: https://www.okx.com/docs-v5/en/#elsewhere",
        "+        x-url-zh: https://www.okx.com/docs-v5/zh/#elsewhere",
    ]  # fmt: skip
    assert check(checkout, page) == 0


def test_different_anchors_are_not_written(checkout: Path) -> None:
    """Anchors that differ between the languages are not written."""
    assert write(checkout, both("html", EN.with_parts(anchor="elsewhere"), ZH)) == 10
    assert Spec(state(checkout)["openapi.yaml"]).anchors("GET", PATH) == {"en": "a-loan", "zh": "a-loan"}


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
        write(checkout, both("markdown", RATE(EN), RATE(ZH)))
    assert state(checkout) == before


def test_invalid_edit_is_not_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that violates the spec's own rules is not written, and the violated rule is named."""
    schema = checkout / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"requests": {"type": "integer"', '"requests": {"const": 20'))
    before = state(checkout)
    assert write(checkout, both("markdown", RATE(EN), RATE(ZH))) == 20
    assert "20 was expected" in capsys.readouterr().out
    assert state(checkout) == before


@pytest.mark.parametrize("page", [b"", RENDER["html"](EN.with_parts(path="/other", title="Other")).encode()])
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


@pytest.mark.parametrize(("edit", "form"), OF_VALUES)
def test_no_sentence_becomes_a_value(checkout: Path, form: str, edit: PlausibleEdit) -> None:
    """--write never puts a word of a description into the spec that the page does not list as a value."""
    write(checkout, edit.render(form))
    spec = Spec(state(checkout)["openapi.yaml"])
    parameters, fields = spec.operation("GET", PATH)["parameters"], spec.row("GET", PATH)["properties"].values()
    values = [{*each["schema"].get("enum", ()), *each.get("x-okx-values", ())} for each in parameters]
    assert set().union(*values, *(each.get("x-okx-values", ()) for each in fields)) <= edit.values
