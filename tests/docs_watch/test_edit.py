"""--write: what it edits, what it leaves to a person, and what it never touches."""

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
    add,
    answer,
    ask,
    cell,
    chain,
    drop,
    filled,
    put,
    say,
)
from tests.docs_watch.pages import EN, FORMS, PATH, RENDER, ZH, Row, both
from tests.docs_watch.plausible_edits import OF_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docs_watch.page_edits import Change, Edit
    from tests.docs_watch.plausible_edits import PlausibleEdit

RATE = say(rate=("Rate Limit: 30 requests per 2 seconds", "限速：30次/2s"))


def write(checkout: Path, data: bytes, *flags: str) -> int:
    """Run the script over a page."""
    page = checkout / "page"
    page.write_bytes(data)
    return check_docs.main([str(page), "--root", str(checkout), "--write", *flags])


def check(checkout: Path, data: bytes) -> int:
    """Run the script over a page without --write."""
    page = checkout / "page"
    page.write_bytes(data)
    return check_docs.main([str(page), "--root", str(checkout)])


def accept(checkout: Path, which: Callable[[dict[str, Any]], bool]) -> None:
    """Delete what was read from the lock, as a person does."""
    path = checkout / "spec" / "docs.lock.json"
    lock = Lock(path.read_text("utf-8"))
    lock.unread = [each for each in lock.unread if not which(each)]
    path.write_text(lock.text(), "utf-8")


def state(checkout: Path) -> dict[str, str]:
    """Read everything below spec/."""
    return {path.name: path.read_text("utf-8") for path in (checkout / "spec").iterdir()}


def unread(checkout: Path) -> list[dict[str, Any]]:
    """Read what the lock has for a person to read."""
    return Lock(state(checkout)["docs.lock.json"]).unread


def edited(checkout: Path, edit: Change, form: str = "markdown", code: int = 0) -> list[str]:
    """Write an edit of both pages; return the lines of the spec that changed."""
    before = state(checkout)["openapi.yaml"].splitlines()
    found = write(checkout, both(form, edit(EN), edit(ZH)))
    assert found == (code or (10 if unread(checkout) else 0))
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
    """Only the lines that a change is about are changed, and nothing but words is left to read."""
    assert edited(checkout, edit, form) == lines
    assert {each["place"][-1] for each in unread(checkout)} <= {"text"}


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
        (ask("ccy", ("Coin\n`BTC`: One", "币\n`BTC`：一种")), 12),
        (ask("ccy", ("Coin\n`BTC` `ETH`", "币")), 12),
        (ask("ccy", ("Up to 3, comma", "不超过3个，逗号")), 12),
        (ask("instId", ("One pair", "一个")), 12),
        (ask("instId", filled(("Pairs, no more than {}, comma\n`A-B`", "币对（不超过{}个），逗号\n`A-B`"), "5")), 12),
        (add("response", Row("odd", "What", type="Decimal range")), 11),
        (add("response", Row("parts", "Which", type="Array of objects")), 11),
        (add("request", Row("on", "Whether", type="Boolean"), required=NO), 11),
        (lambda page: add("request", Row("kind", f"Which\n`a` `{page.language}`"), required=NO)(page), 11),
        (add("request", Row("some", "Which"), required=(NO[0], YES[1])), 12),
        (
            lambda page: add("response", Row("some", "Which", type={"en": "String", "zh": "Boolean"}[page.language]))(
                page
            ),
            11,
        ),
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
    assert write(checkout, both("markdown", edit(EN), edit(ZH))) == 10
    facts = Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH)
    assert facts.request["mgnMode"].values == ("isolated", "cross", "portfolio")
    assert facts.response["mgnMode"].values == ("isolated", "cross")


def test_languages_that_disagree_are_left_to_a_person(checkout: Path) -> None:
    """A limit that only one of two pages raises is not raised."""
    assert write(checkout, both("html", RATE(EN))) == 11
    assert Spec(state(checkout)["openapi.yaml"]).facts("GET", PATH).rate == ((20, 2),)


def test_one_page_is_enough(checkout: Path) -> None:
    """Where one language alone is asked for, its page decides, and its text stands in for the other's."""
    page = add("response", Row("quota", "What is left"))(RATE(EN))
    assert write(checkout, RENDER["html"](page).encode(), "--language", "en") == 0
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
    assert write(checkout, both("markdown", en, zh)) == 10
    lock = state(checkout)["docs.lock.json"]
    for page in (en, zh):
        texts = [page.title, page.prose, *(row.about for row in (*page.request, *page.response))]
        assert not [text for text in texts if text.partition("\n")[0] in lock]


def test_what_is_left_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output names the lines: what was edited, texts to read, drafts to rewrite, and where rules are decided."""
    page = chain(add("request", Row("subAcct", "Whose"), required=NO), answer("ccy", ("Other words", "别的话")))
    assert write(checkout, both("markdown", page(EN), page(ZH))) == 10
    said = capsys.readouterr().out
    lines = state(checkout)["openapi.yaml"].splitlines()
    numbers = {text: next(n for n, line in enumerate(lines, 1) if text in line) for text in ("subAcct", "x-okx-rules")}
    assert f"edited   getMaxLoan request.subAcct spec/openapi.yaml:{numbers['subAcct']}" in said
    assert f"x-okx-rules spec/openapi.yaml:{numbers['x-okx-rules']}" in said
    assert "read     wording getMaxLoan response.ccy.text (en) spec/openapi.yaml:" in said
    assert f"in our own spec/openapi.yaml:{numbers['subAcct'] - 1}" in said


def test_what_the_spec_cannot_say_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that only the lock can hold is told with its severity, and again until a person accepts it."""
    nested = add("response", Row("> part", "Half", type="Number"), 1)
    page = both("html", *(nested(page.but(permission="Permission: Trade")) for page in (EN, ZH)))
    for _ in range(2):
        assert write(checkout, page) == 12
        said = capsys.readouterr().out
        assert "read     breaking getMaxLoan permission (en zh)" in said
        assert "read     additive getMaxLoan response.instId.part (en zh)" in said
    assert check(checkout, page) == 12
    accept(checkout, lambda entry: entry["place"][-1] == "permission")
    assert check(checkout, page) == 11
    accept(checkout, lambda _: True)
    assert check(checkout, page) == 0


def test_what_was_read_is_accepted_with_a_reason(checkout: Path) -> None:
    """An entry of `known` accepts what is unread, in the languages that it names."""
    page = both("markdown", *(answer("ccy", ("Other words", "别的话"))(page) for page in (EN, ZH)))
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


def test_words_that_come_back_need_no_reading(checkout: Path) -> None:
    """A page that says again what it said is no longer to be read, and one that changes twice is to be read once."""
    pages = [both("html", answer("ccy", (text, "别的话"))(EN), ZH) for text in ("Other words", "Yet others")]
    for page in pages:
        assert write(checkout, page) == 10
        assert [each["place"] for each in unread(checkout)] == [["response", "ccy", "text"]]
    before = state(checkout)
    assert write(checkout, both("html")) == 0
    assert unread(checkout) == []
    assert state(checkout)["openapi.yaml"] == before["openapi.yaml"]


def test_rules_that_mention_what_changed_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that mention a changed parameter are named with their lines, and examples without a required one."""
    spec = checkout / "spec" / "openapi.yaml"
    example = "{id: one, account: {mode: spot}, query: {instId: [A-B]}, en: One., zh: 其一。}"
    examples = f"      x-okx-examples:\n        - {example}\n"
    text = spec.read_text("utf-8").replace("      x-okx-rules:\n", f"{examples}      x-okx-rules:\n")
    spec.write_text(text, "utf-8")
    page = chain(cell("request", "ccy", required=YES), answer("instId", ("A pair of it", "某币对")))
    write(checkout, both("markdown", page(EN), page(ZH)))
    said = capsys.readouterr().out.splitlines()
    lines = state(checkout)["openapi.yaml"].splitlines()
    rule, number = (next(n for n, line in enumerate(lines, 1) if f"id: {each}" in line) for each in ("one-of", "one,"))
    about = "does rule one-of-two still hold? It mentions ccy"
    assert f"decide   getMaxLoan {about} spec/openapi.yaml:{rule}" in said
    assert f"edit     getMaxLoan example one lacks ccy, which is required spec/openapi.yaml:{number}" in said
    assert len([line for line in said if line.startswith("decide")]) == 1


def test_what_a_required_parameter_asks_for_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new parameter that is required is named as one that every caller has to give."""
    page = add("request", Row("subAcct", "Whose"), required=YES)
    assert write(checkout, both("html", page(EN), page(ZH))) == 0
    said = capsys.readouterr().out
    assert "decide   getMaxLoan does a rule between parameters follow? x-okx-rules" in said
    assert "edit     getMaxLoan subAcct is required: every caller has to give it" in said


def test_facts_that_a_person_edits_are_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What --write leaves to a person is named with what it was, what it is, and the files that say it themselves."""
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_x.py").write_text(f"#\nPATH = '{PATH}'\n")
    page = put(path="/api/v6/account/max-loan")
    assert write(checkout, both("html", page(EN), page(ZH))) == 12
    said = capsys.readouterr().out.splitlines()
    assert f"edit     getMaxLoan path: {PATH} -> /api/v6/account/max-loan (en zh) spec/openapi.yaml:9" in said
    assert f"edit     tests/test_x.py:2 names {PATH}" in said


@pytest.mark.parametrize("form", FORMS)
def test_moved_anchor(checkout: Path, form: str) -> None:
    """An anchor that moved is told as a link to change, and --write changes it in both languages."""
    page = both(form, EN.but(anchor="elsewhere"), ZH.but(anchor="elsewhere"))
    assert check(checkout, page) == 10
    assert edited(checkout, put(anchor="elsewhere"), form) == [
        "-        url: https://www.okx.com/docs-v5/en/#a-loan", "-        x-url-zh: https://www.okx.com/docs-v5/zh/#a-loan",
        "+        url: https://www.okx.com/docs-v5/en/#elsewhere",
        "+        x-url-zh: https://www.okx.com/docs-v5/zh/#elsewhere",
    ]  # fmt: skip
    assert check(checkout, page) == 0


def test_anchors_that_disagree_are_left_to_a_person(checkout: Path) -> None:
    """Where the languages have anchors of their own, none is written."""
    assert write(checkout, both("html", EN.but(anchor="elsewhere"), ZH)) == 10
    assert Spec(state(checkout)["openapi.yaml"]).anchors("GET", PATH) == {"en": "a-loan", "zh": "a-loan"}


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


@pytest.mark.parametrize(("edit", "form"), OF_VALUES)
def test_no_sentence_becomes_a_value(checkout: Path, form: str, edit: PlausibleEdit) -> None:
    """Of no edit of a description --write puts a word into the spec that the page does not list as a value."""
    write(checkout, edit.render(form))
    spec = Spec(state(checkout)["openapi.yaml"])
    parameters, fields = spec.operation("GET", PATH)["parameters"], spec.row("GET", PATH)["properties"].values()
    values = [{*each["schema"].get("enum", ()), *each.get("x-okx-values", ())} for each in parameters]
    assert set().union(*values, *(each.get("x-okx-values", ()) for each in fields)) <= edit.values
