"""adopt_report.py: from what users found out to the spec."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import adopt_report
import pytest
from api_change import Report, version
from docs_watch.spec import Spec
from okx_maxloan_api.contract import GET_MAX_LOAN
from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk.verify.open_questions import REPORT_SCHEMA
from tests.docs_watch.end_to_end_update import NESTED_RUN, copy, run, tag

ROOT = Path(__file__).resolve().parent.parent
# Two questions of a spec that the answers of tomorrow do not change.
RULES = """
        - id: guess
          basis: inferred # a guess
          when: {ccy: present}
          then: {mgnMode: cross}
          en: Cross only.
          zh: 仅全仓。
        - id: held
          basis: documented
          source: [en request.ccy]
          when: {ccy: present}
          then: {mgnCcy: absent}
          en: Not both.
          zh: 不能同时使用。
        - id: another-guess
          basis: inferred
          when: {instId: '*-USD'}
          then: {ccy: absent}
          en: Not with that.
          zh: 不能与其一起使用。
      x-okx-open-questions:
        # a comment that stays
        - id: one
          accounts:
            - {account.mode: spot}
          query: {mgnMode: isolated, ccy: USDT}
          en: Is it answered?
          zh: 有返回结果吗？
          why: {en: Nobody knows., zh: 尚不清楚。}
          outcomes:
            - {id: refused, when: {result: refused}, confirms: [guess], en: It is rejected., zh: 被拒绝。}
            - {id: rows, when: {result: rows}, refutes: [guess, held], en: It is answered., zh: 有返回结果。}
        - id: two
          accounts:
            - {account.mode: [spot, futures]}
          query: {mgnMode: cross, ccy: USDT}
          en: And this?
          zh: 这个呢？
          why: {en: Nobody knows., zh: 尚不清楚。}
          outcomes:
            - {id: some, when: {result: rows}, supports: [another-guess], en: Some., zh: 有。}
            - {id: none, when: {result: empty}, en: None., zh: 无。}
      x-okx-answered-questions: []
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay out a checkout whose spec has these rules and questions."""
    text = (ROOT / "spec" / "openapi.yaml").read_text("utf-8")
    before, _, rest = text.partition("      x-okx-rules:\n")
    after = rest[rest.index("\n      responses:\n") + 1 :]
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "openapi.yaml").write_text(f"{before}      x-okx-rules:{RULES}{after}", "utf-8")
    shutil.copy(ROOT / "spec" / "extensions.schema.json", tmp_path / "spec")
    return tmp_path


def answer(question: str, result: str, code: str = "", **row: str) -> dict[str, Any]:
    """Write what a report has about a question."""
    sent = {"one": "mgnMode=isolated&ccy=USDT", "two": "mgnMode=cross&ccy=USDT"}[question]
    return {
        "question": question,
        "outcome": None,
        "sent": f"GET {GET_MAX_LOAN.path}?{sent}",
        "status": 200,
        "code": code or ("51000" if result == "refused" else "0"),
        "headers": [],
        "rows": [{"ccy": "USDT", "maxLoan": "number of 3+2 digits", **row}] if result == "rows" else [],
    }


def write(root: Path, name: str, *answers: dict[str, Any], **changes: Any) -> Path:
    """Write a report."""
    report = {
        "schema": REPORT_SCHEMA,
        "spec_version": "2026-09-30",
        "sdk_version": "0.1.0",
        "date": "2026-11-27",
        "site": "eea",
        "trading": "live",
        "account": {"account.mode": "spot", "account.borrowing": "enabled"},
        "answers": answers,
        **changes,
    }
    path = root / f"{name}.json"
    path.write_text(json.dumps(report), "utf-8")
    return path


def spec_text(root: Path) -> str:
    """Read the spec."""
    return (root / "spec" / "openapi.yaml").read_text("utf-8")


def adopt(root: Path, *reports: Path, flags: tuple[str, ...] = ()) -> int:
    """Run the script."""
    return adopt_report.main([*map(str, reports), "--root", str(root), *flags])


def test_confirmed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer moves its question and makes a guess an observation; all else stays, to the byte."""
    before = spec_text(root)
    assert adopt(root, write(root, "a", answer("one", "refused"))) == 0
    operation = Spec(spec_text(root)).operation("GET", GET_MAX_LOAN.path)
    [answered] = operation["x-okx-answered-questions"]
    assert dict(answered["answer"]) == {
        "outcome": "refused",
        "code": "51000",
        "date": "2026-11-27",
        "site": "eea",
        "mode": "spot",
    }
    assert [each["id"] for each in operation["x-okx-open-questions"]] == ["two"]
    rule = operation["x-okx-rules"][0]
    assert (rule["basis"], list(rule["source"])) == ("observed", ["report 2026-11-27 eea spot"])
    out = capsys.readouterr().out
    assert "edited   rule guess is observed" in out
    after = spec_text(root)
    for comment in ("# a comment that stays", "# a guess", before[:200]):
        assert comment in after
    assert before.partition("      responses:")[2] == after.partition("      responses:")[2]


def test_twice(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Adopting a report once more changes nothing."""
    report = write(root, "a", answer("one", "refused"), answer("two", "empty"))
    assert adopt(root, report) == 0
    text = spec_text(root)
    capsys.readouterr()
    assert adopt(root, report) == 0
    assert spec_text(root) == text
    assert "answered already" in capsys.readouterr().out


def test_refuted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that does not hold is left to a person, with its line, until it is gone."""
    report = write(root, "a", answer("one", "rows"))
    text = ""
    for _ in range(2):
        assert adopt(root, report) == 10
        text, out = spec_text(root), capsys.readouterr().out
        assert "basis: inferred" in text
        for rule, basis in (("guess", "inferred"), ("held", "documented")):
            line = next(each for each in out.splitlines() if each.startswith(f"decide   rule {rule} ({basis})"))
            number = int(line.rpartition(":")[2])
            assert f"id: {rule}" in text.splitlines()[number - 1]
    (before, _, rest), another = text.partition("- id: guess\n"), "- id: another-guess\n"
    (root / "spec" / "openapi.yaml").write_text(before + another + rest.partition(another)[2], "utf-8")
    assert adopt(root, report) == 0, "the rules that it refuted are gone"
    assert "decide" not in capsys.readouterr().out


def test_supported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that held for one request only stays a guess until a person decides."""
    report = write(root, "a", answer("one", "refused"), answer("two", "rows"))
    text = ""
    for _ in range(2):
        assert adopt(root, report) == 10
        text, out = spec_text(root), capsys.readouterr().out
        [line] = [each for each in out.splitlines() if each.startswith("decide   ")]
        assert line.startswith("decide   rule another-guess held for this request; does it for all")
        assert "id: another-guess" in text.splitlines()[int(line.rpartition(":")[2]) - 1], (
            "the rule above it has one line more"
        )
    (root / "spec" / "openapi.yaml").write_text(
        text.replace(
            "id: another-guess\n          basis: inferred",
            "id: another-guess\n          basis: observed\n          source: [report 2026-11-27 eea spot]",
        ),
        "utf-8",
    )
    assert adopt(root, report) == 0


@pytest.mark.parametrize("code", ["404", "50005", "59999", "odd", "51001"])
def test_refused_for_another_reason(root: Path, capsys: pytest.CaptureFixture[str], code: str) -> None:
    """A refusal that is not about the parameters confirms nothing, whatever the report calls its outcome."""
    before = spec_text(root)
    assert adopt(root, write(root, "a", {**answer("one", "refused", code), "outcome": "refused"})) == 10
    assert spec_text(root) == before
    assert "none of its outcomes" in capsys.readouterr().out


def test_a_code_with_a_suffix(root: Path) -> None:
    """The part of a code after an underscore only distinguishes cases of it."""
    assert adopt(root, write(root, "a", answer("one", "refused", "51000_7"))) == 0


@pytest.mark.parametrize("text", ["### The block\n\n{}\n### Privacy\n- [X] read", "{}"])
def test_from_an_issue(root: Path, text: str) -> None:
    """The block that the command prints is read out of the text of an issue."""
    report = write(root, "a", answer("one", "refused"))
    block = f"2026-11-27, eea\n\n| a |\n| --- |\n\n```json\n{report.read_text()}\n```\n"
    issue = root / "issue.md"
    issue.write_text(text.format(block))
    assert adopt(root, issue) == 0
    assert "report 2026-11-27 eea spot" in spec_text(root)


def test_unexpected(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A response that is none of the outcomes leaves its question open, and is shown."""
    before = spec_text(root)
    assert adopt(root, write(root, "a", answer("two", "refused"))) == 10
    assert spec_text(root) == before
    assert "none of its outcomes" in capsys.readouterr().out


def test_agreement(root: Path) -> None:
    """Of reports that agree, the first is the one that is named."""
    first = write(root, "a", answer("two", "empty"), site="us")
    second = write(root, "b", answer("two", "empty"), site="tr")
    assert adopt(root, first, second) == 0
    assert "site: us" in spec_text(root)


def test_contradiction(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports that contradict each other are shown side by side, and change nothing."""
    before = spec_text(root)
    first = write(root, "a", answer("two", "rows"), answer("one", "refused"))
    second = write(root, "b", answer("two", "empty"), site="us")
    assert adopt(root, first, second) == 20
    err = capsys.readouterr().err
    assert "question two" in err
    assert "some (2026-11-27, eea, spot" in err
    assert "none (2026-11-27, us, spot" in err
    assert spec_text(root) == before


def test_contradiction_with_an_earlier_answer(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is one that contradicts what was adopted before."""
    assert adopt(root, write(root, "a", answer("two", "rows"))) == 10
    text = spec_text(root)
    assert adopt(root, write(root, "b", answer("two", "empty"))) == 20
    assert "answered otherwise" in capsys.readouterr().err
    assert spec_text(root) == text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 0}, "no report of"),
        ({"uid": "7"}, "no report of"),
        ({"site": "mock"}, "only OKX's own answers count"),
        ({"site": "other"}, "only OKX's own answers count"),
        ({"trading": "demo"}, "demo trading"),
        ({"date": "2999-01-01"}, "no date of the past"),
        ({"date": "2026-02-30"}, "no date of the past"),
        ({"date": "2026-11-27\n"}, "no report of"),
        ({"account": {"account.mode": "spot", "account.isolated": "uid 7"}}, "no report of"),
        ({"answers": [answer("one", "rows", code="0\n")]}, "no report of"),
        ({"answers": [{**answer("one", "rows"), "headers": ["x y"]}]}, "no report of"),
        ({"answers": [{**answer("one", "rows"), "rows": [{"<b>": "x"}]}]}, "no report of"),
        ({"account": {"account.mode": "portfolio"}}, "not for an account in portfolio mode"),
        ({"answers": [{**answer("one", "rows"), "question": "three"}]}, "no question three"),
        ({"answers": [{**answer("one", "rows"), "sent": "GET /other?mgnMode=cross"}]}, "the report about GET /other"),
        ({"answers": [answer("one", "rows", instId="<script>")]}, "no report of"),
    ],
)
def test_refused(root: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str) -> None:
    """What is no report, not OKX's answer, or about something else is refused with the reason."""
    before = spec_text(root)
    good = write(root, "good", answer("two", "rows"))
    assert adopt(root, good, write(root, "bad", answer("one", "rows"), **changes)) == 20
    err = capsys.readouterr().err
    assert said in err
    assert "nothing was written" in err
    assert spec_text(root) == before


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "```json\n{\n```"])
def test_no_json(root: Path, text: str) -> None:
    """A file that is no report at all is refused."""
    path = root / "a.json"
    path.write_text(text)
    assert adopt(root, path) == 20


# What counts by the rules and is quick.
TESTED = (
    *(f"tests/test_{name}.py" for name in ("spec", "validation")),
    *(f"tests/cli/test_{name}.py" for name in ("rules", "open_questions", "verify")),
    *("tests/verify", "tests/mock/test_exchange.py", "tests/test_guide.py::test_tables_are_fresh"),
)


def test_a_spec_that_would_not_be_valid(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that would leave the spec invalid is not written."""
    schema = root / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"eea"', '"other"'), "utf-8")
    before = spec_text(root)
    assert adopt(root, write(root, "a", answer("one", "refused"))) == 20
    assert "'eea'" in capsys.readouterr().err
    assert spec_text(root) == before


# A mock exchange that answers what ours refuses: one rule is refuted, others are confirmed.
REFUTED = "quote-currency-needs-pair"
OTHERWISE = f"""
import sys
from okx_maxloan_sdk.cli import main
from okx_maxloan_sdk.mock import query
query.NOT_ENFORCED |= {{{REFUTED!r}}}
sys.exit(main(sys.argv[1:]))
"""
# What is quick, and is about rules and questions.
ABOUT_RULES = (
    *("tests/test_spec.py", "tests/test_operations.py", "tests/mock/test_query.py", "tests/verify"),
    *(f"tests/cli/test_{name}.py" for name in ("open_questions", "i18n")),
    *(f"tests/contract/test_mock.py::test_the_mock_passes[{name}]" for name in ("rules", "fuzz")),
)


def delete(checkout: Path, place: str, pattern: str) -> None:
    """Delete from a file what a pattern finds, which is there once."""
    path = checkout / place
    text, count = re.subn(pattern, "", path.read_text("utf-8"))
    assert count == 1, place
    path.write_text(text, "utf-8")


def delete_rule(checkout: Path) -> None:
    """Change by hand what the refuted rule stood in: the spec, the mock exchange, and the oracle."""
    delete(checkout, "spec/openapi.yaml", rf" +- id: {REFUTED}\n(?: {{10}}.*\n)+")
    delete(checkout, "okx_maxloan_sdk/mock/query.py", rf' +"{REFUTED}": .*\n')
    delete(checkout, "tests/contract/oracle.py", r' {8}if settle:  # I\n +return "50016"\n')


@pytest.mark.skipif(NESTED_RUN in os.environ, reason="this is the copy of an end-to-end update")
def test_from_a_report_to_green_tests(tmp_path: Path) -> None:
    """Reports become observed rules, a refuted one goes, and the client that is generated passes its tests."""
    if not shutil.which("git"):
        pytest.skip("the report on the API needs git")
    if "quote-currency-for-a-currency" not in {each.id for each in OPEN_QUESTIONS}:
        pytest.skip("OKX has answered it; let the mock answer another question otherwise")
    checkout, python = tmp_path / "checkout", sys.executable
    copy(checkout)
    tag(checkout)
    verify: tuple[str | Path, ...] = (python, "-c", OTHERWISE, "verify", "--open-questions", "--lang", "en")
    reports = [tmp_path / f"{user}.json" for user in ("spot", "spot_plain", "futures")]
    outs = [run(checkout, *verify, "--mock-user", each.stem, "--report", each, code=None) for each in reports]
    assert f"refutes the rule {REFUTED}" in outs[0]
    adopt_reports: tuple[str | Path, ...] = (python, "scripts/adopt_report.py", "--rehearsal", *reports)
    said = run(checkout, *adopt_reports, code=10)
    assert f"decide   rule {REFUTED} (inferred) does not hold" in said
    assert re.search(rf"edit     okx_maxloan_sdk/mock/query\.py:\d+ names {REFUTED}", said)
    observed = {line.split()[2] for line in said.splitlines() if line.startswith("edited   rule ")}
    assert "currency-is-cross" in observed
    delete_rule(checkout)
    again = run(checkout, *adopt_reports, code=None)
    assert "edited" not in again
    assert REFUTED not in again
    told = run(checkout, python, "scripts/regenerate.py")
    assert all(f"rule `{rule}` is enforced" in told for rule in observed)
    assert f"which calls for {Report(['x'], [], []).bump(version(checkout))} " in told
    show = (python, "-c", OTHERWISE, "show", "--ccy", "USDT", "--mock", "--lang", "en")
    assert "A query for a currency needs mgnMode=cross" in run(checkout, *show, "--mode", "isolated", code=2)
    assert "USDT" in run(checkout, *show, "--trade-quote-ccy", "USD")
    run(checkout, python, "-m", "cogapp", "-r", "-I", "scripts", "-I", "generated", "-I", ".", *guide(checkout))
    run(checkout, python, "-m", "ruff", "check", "--quiet", ".")
    run(checkout, python, "-m", "pytest", "-n", "2", *dict.fromkeys((*TESTED, *ABOUT_RULES)), timeout=300)


def guide(checkout: Path) -> list[str]:
    """List the pages with tables."""
    return [
        "README.md",
        "README.zh.md",
        *(str(path.relative_to(checkout)) for path in (checkout / "docs").glob("*/*.md")),
    ]
