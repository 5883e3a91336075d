"""--write: what it edits, what it leaves to a person, and what it never touches."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import check_docs
import pytest
from docs.draft import MARK
from docs.spec import Spec

from tests.docs.pages import EN, FORMS, PATH, RENDER, ZH, Row, both
from tests.docs.seeded import ITEMS, MODES, NO, SEEDED, YES, add, answer, ask, cell, chain, drop, filled, put, say

if TYPE_CHECKING:
    from tests.docs.seeded import Change, Edit

RATE = say(rate=("Rate Limit: 30 requests per 2 seconds", "限速：30次/2s"))


def write(checkout: Path, data: bytes, *flags: str) -> int:
    """Run the script over a page."""
    page = checkout / "page"
    page.write_bytes(data)
    return check_docs.main([str(page), "--root", str(checkout), "--write", *flags])


def state(checkout: Path) -> dict[str, str]:
    """Read everything below spec/."""
    return {path.name: path.read_text("utf-8") for path in (checkout / "spec").iterdir()}


def edited(checkout: Path, edit: Change, form: str = "markdown", code: int = 0) -> list[str]:
    """Write an edit of both pages; return the lines of the spec that changed."""
    before = state(checkout)["openapi.yaml"].splitlines()
    assert write(checkout, both(form, edit(EN), edit(ZH))) == code
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
        (ask("instId", filled(ITEMS, "3")), ["-            maxItems: 5", "+            maxItems: 3"]),
        (cell("request", "mgnMode", required=NO), ["-          required: true", "+          required: false"]),
        (cell("request", "ccy", required=YES), ["+          required: true"]),
        (drop("request", "mgnCcy"), ["+          deprecated: true"]),
        (drop("response", "side"), ["+          deprecated: true"]),
        (
            ask("mgnMode", filled(MODES, "\n`portfolio`: For all 共")),
            ["-          schema: {type: string, enum: [isolated, cross]}",
             "+          schema: {type: string, enum: [isolated, cross, portfolio]}",
             f"+            {DRAFT}", "+            portfolio: {en: For all 共, zh: For all 共}"],
        ),
        (
            ask("mgnMode", ("Kind\n`cross`", "种类\n`cross`：共用")),
            ["-          schema: {type: string, enum: [isolated, cross]}",
             "+          schema: {type: string, enum: [cross]}",
             "-            isolated: {en: Apart., zh: 单独。}"],
        ),
        (
            ask("ccy", ("Coin\n`BTC`: One", "币\n`BTC`：一种")),
            ["-          schema: &coin {type: string, pattern: '^[A-Z]+$'}",
             "+          schema: {type: string, pattern: '^[A-Z]+$', enum: [BTC]}", "+          x-okx-values:",
             f"+            {DRAFT}", "+            BTC: {en: One, zh: 一种}",
             "-          schema: *coin", "+          schema: &coin {type: string, pattern: '^[A-Z]+$'}"],
        ),
        (
            add("request", Row("subAcct", "Whose: `x`\nnot ours 谁"), required=NO),
            [f"+        {DRAFT}", "+        - name: subAcct", "+          in: query",
             "+          description: 'Whose: `x` not ours 谁'",
             "+          x-description-zh: 'Whose: `x` not ours 谁'",
             "+          schema: {type: string}"],
        ),
        (
            add("request", Row("ids", "Multiple, no more than 3 不超过3个，多个"), required=YES),
            [f"+        {DRAFT}", "+        - name: ids", "+          in: query", "+          required: true",
             "+          style: form", "+          explode: false",
             "+          description: Multiple, no more than 3 不超过3个，多个",
             "+          x-description-zh: Multiple, no more than 3 不超过3个，多个",
             "+          schema: {type: array, minItems: 1, maxItems: 3, items: {type: string}}"],
        ),
        (
            add("response", Row("kind", "Which 哪\n`a`: First 一")),
            [f"+        {DRAFT}", "+        kind:", "+          type: string", "+          default: ''",
             "+          description: Which 哪", "+          x-description-zh: Which 哪", "+          x-okx-values:",
             f"+            {DRAFT}", "+            a: {en: First 一, zh: First 一}"],
        ),
        (
            add("response", Row("open", "Is it 是否", type="Boolean")),
            [f"+        {DRAFT}", "+        open:", "+          type: boolean", "+          default: false",
             "+          description: Is it 是否", "+          x-description-zh: Is it 是否"],
        ),
        (
            answer("ccy", ("Coin\n`BTC`: One", "币\n`BTC`：一种")),
            ["-        ccy: {type: string, description: The coin., x-description-zh: 币种。}", "+        ccy:",
             "+          type: string", "+          description: The coin.", "+          x-description-zh: 币种。",
             "+          x-okx-values:", f"+            {DRAFT}", "+            BTC: {en: One, zh: 一种}"],
        ),
        (answer("ccy", ("Other words", "别的话")), []),
        (cell("request", "tradeQuoteCcy", type=("string", "STRING")), []),
    ],
)  # fmt: skip
def test_edits_of_the_spec(checkout: Path, form: str, edit: Change, lines: list[str]) -> None:
    """Only the lines that a change is about are changed, and nothing is left to tell."""
    assert edited(checkout, edit, form) == lines


@pytest.mark.parametrize("edit", SEEDED[::3], ids=lambda edit: edit.id)
def test_twice_is_once(checkout: Path, edit: Edit) -> None:
    """Writing a page again changes nothing more, and tells the same."""
    data = both("markdown", edit.of(EN), edit.of(ZH))
    code = write(checkout, data)
    after = state(checkout)
    assert write(checkout, data) == code
    assert state(checkout) == after
    assert Spec(after["openapi.yaml"]).text() == after["openapi.yaml"]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (say(rate=("Rate Limit: 9 requests per 1 second; 80 requests per hour", "限速：9次/s；80次/小时")), 12),
        (say(per=("Rate limit rule: IP", "限速规则：IP")), 12),
        (put(path="/api/v6/account/max-loan"), 12),
        (cell("request", "ccy", type=("Integer", "Integer")), 12),
        (cell("response", "maxLoan", type=("Number", "Number")), 12),
        (ask("mgnMode", ("Kind", "种类")), 12),
        (ask("ccy", ("Up to 3, comma", "不超过3个，逗号")), 12),
        (ask("instId", ("One pair", "一个")), 11),
        (ask("instId", filled(("Pairs, no more than {}, comma\n`A-B`", "币对（不超过{}个），逗号\n`A-B`"), "5")), 12),
        (add("response", Row("odd", "What", type="Decimal range")), 11),
        (add("response", Row("parts", "Which", type="Array of objects")), 11),
        (add("request", Row("on", "Whether", type="Boolean"), required=NO), 11),
    ],
)
def test_judgement_is_left_to_a_person(checkout: Path, edit: Change, code: int) -> None:
    """What needs a decision is not written, and keeps being told until the spec or the lock says otherwise."""
    assert edited(checkout, edit, code=code) == []
    assert write(checkout, both("html", edit(EN), edit(ZH))) == code


def test_alias_parts_where_the_page_parts(checkout: Path) -> None:
    """Values that a field shares with a parameter become its own when its row lists them and does not follow."""
    echo = answer("mgnMode", ("Kind\n`isolated` `cross`", "种类\n`isolated` `cross`"))
    edit = chain(echo, ask("mgnMode", filled(MODES, "\n`portfolio`")))
    assert write(checkout, both("markdown", edit(EN), edit(ZH))) == 0
    facts = Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH)
    assert facts.request["mgnMode"].values == ("isolated", "cross", "portfolio")
    assert facts.response["mgnMode"].values == ("isolated", "cross")


def test_languages_that_disagree_are_left_to_a_person(checkout: Path) -> None:
    """A limit that only one of two pages raises is not raised."""
    assert write(checkout, both("html", RATE(EN))) == 11
    assert Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH).rate == ((20, 2),)


def test_one_page_is_enough(checkout: Path) -> None:
    """With one language's page only, that page decides, and its text stands in for the other's."""
    page = add("response", Row("quota", "What is left"))(RATE(EN))
    assert write(checkout, RENDER["html"](page).encode()) == 0
    spec = Spec(state(checkout)["openapi.yaml"])
    assert spec.facts("GET", PATH).rate == ((30, 2),)
    assert spec.row("GET", PATH)["properties"]["quota"]["x-description-zh"] == "What is left"


def test_what_comes_back_is_no_longer_deprecated(checkout: Path) -> None:
    """A parameter or field that a page takes away and gives back ends as it was."""
    before = state(checkout)["openapi.yaml"]
    gone = chain(drop("request", "mgnCcy"), drop("response", "side"))
    assert write(checkout, both("html", gone(EN), gone(ZH))) == 0
    assert write(checkout, both("html")) == 0
    version = Spec(before).document["info"]["version"]
    after = Spec(state(checkout)["openapi.yaml"])
    after.document["info"]["version"] = version
    assert after.text() == before


def test_the_lock_holds_no_sentence(checkout: Path) -> None:
    """Descriptions, titles and prose are in the lock as hashes only."""
    en, zh = (page.but(prose=f"A notice {page.language}") for page in (EN, ZH))
    assert write(checkout, both("markdown", en, zh)) == 0
    lock = state(checkout)["docs.lock.json"]
    for page in (en, zh):
        texts = [page.title, page.prose, *(row.about for row in (*page.request, *page.response))]
        assert not [text for text in texts if text.partition("\n")[0] in lock]


def test_what_is_left_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output names the lines: what was edited, texts to read, drafts to rewrite, and where rules are decided."""
    page = chain(add("request", Row("subAcct", "Whose"), required=NO), answer("ccy", ("Other words", "别的话")))
    assert write(checkout, both("markdown", page(EN), page(ZH))) == 0
    said = capsys.readouterr().out
    lines = state(checkout)["openapi.yaml"].splitlines()
    numbers = {text: next(n for n, line in enumerate(lines, 1) if text in line) for text in ("subAcct", "x-okx-rules")}
    assert f"edited   getMaxLoan request.subAcct spec/openapi.yaml:{numbers['subAcct']}" in said
    assert f"x-okx-rules spec/openapi.yaml:{numbers['x-okx-rules']}" in said
    assert "read     wording getMaxLoan response.ccy.text (en) spec/openapi.yaml:" in said
    assert f"in our own spec/openapi.yaml:{numbers['subAcct'] - 1}" in said


def test_what_the_spec_cannot_say_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that only the lock can hold is accepted with the lock, and told with its severity."""
    nested = add("response", Row("> part", "Half", type="Number"), 1)
    assert write(checkout, both("html", *(nested(page.but(permission="Permission: Trade")) for page in (EN, ZH)))) == 0
    said = capsys.readouterr().out
    assert "read     breaking getMaxLoan permission (en zh)" in said
    assert "read     additive getMaxLoan response.instId.part (en zh)" in said


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", [1, 2])
def test_interrupted_write_changes_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], at: int
) -> None:
    """When a rename fails or is interrupted, spec and lock are what they were, and nothing is left beside them."""
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


def test_write_that_would_spoil_the_spec_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that the spec's own rules refuse is not written, and the rule is told."""
    schema = checkout / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"requests": {"type": "integer"', '"requests": {"const": 20'))
    before = state(checkout)
    assert write(checkout, both("markdown", RATE(EN), RATE(ZH))) == 20
    assert "20 was expected" in capsys.readouterr().out
    assert state(checkout) == before


@pytest.mark.parametrize("page", [b"", RENDER["html"](EN.but(path="/other", title="Other")).encode()])
def test_page_that_is_not_understood_writes_nothing(checkout: Path, page: bytes) -> None:
    """Nothing is written for a page that was not understood."""
    before = state(checkout)
    assert write(checkout, page) == 20
    assert state(checkout) == before


def test_untouched_lines_keep_a_style_of_their_own() -> None:
    """Lines that ruamel would write otherwise stay as they were when others are edited."""
    text = "a: [{b: 1}]\nc:\n  {d: 2}\nlong: plain\n# why\n\n\nlast: [ 1,2 ]\n"
    spec = Spec(text)
    assert spec.text() == text
    spec.document["long"] = "other"
    assert spec.text() == text.replace("plain", "other")
