"""adopt_report.py: transfer of users' reports into the spec."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import adopt_report
import pytest
from api_change import Report, version
from docs_watch.spec import Spec
from okx_maxloan_api.contract import GET_MAX_LOAN
from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk.verify.open_questions import REPORT_SCHEMA
from tests.docs_watch.end_to_end_update import NESTED_RUN, copy, run, tag, write_guide

ROOT = Path(__file__).resolve().parent.parent
CASES = tomllib.loads((ROOT / "tests" / "adopt_report.toml").read_text("utf-8"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Create a checkout whose spec has these rules and open questions."""
    text = (ROOT / "spec" / "openapi.yaml").read_text("utf-8")
    before, _, rest = text.partition("      x-okx-rules:\n")
    after = rest[rest.index("\n      responses:\n") + 1 :]
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "openapi.yaml").write_text(f"{before}      x-okx-rules:\n{CASES['rules']}{after}", "utf-8")
    shutil.copy(ROOT / "spec" / "extensions.schema.json", tmp_path / "spec")
    return tmp_path


def report_entry(question: str, result: str, /, **changes: Any) -> dict[str, Any]:
    """Make a report's entry for an open question."""
    rows = [{"ccy": "USDT", "maxLoan": "number of 3+2 digits"}] if result == "rows" else []
    entry = {"question": question, "outcome": None, "sent": f"GET {GET_MAX_LOAN.path}?{CASES['sent'][question]}"}
    code = "51000" if result == "refused" else "0"
    return {**entry, "status": 200, "code": code, "headers": [], "rows": rows, **changes}


def write(root: Path, name: str, *entries: dict[str, Any], **changes: Any) -> Path:
    """Write a report."""
    path = root / f"{name}.json"
    report = {**CASES["report"], "schema": REPORT_SCHEMA, "answers": entries, **changes}
    path.write_text(json.dumps(report), "utf-8")
    return path


def spec_text(root: Path) -> str:
    """Return the text of the spec."""
    return (root / "spec" / "openapi.yaml").read_text("utf-8")


def adopt(root: Path, *reports: Path) -> int:
    """Run the script."""
    return adopt_report.main([*map(str, reports), "--root", str(root)])


def adopt_nothing(root: Path, capsys: pytest.CaptureFixture[str], code: int, *reports: Path) -> str:
    """Run the script, which must not change the spec, and return its output."""
    before = spec_text(root)
    capsys.readouterr()
    assert adopt(root, *reports) == code
    assert spec_text(root) == before
    return "".join(capsys.readouterr())


def test_confirmed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A response settles its open question and makes an inferred rule an observed one; all else is unchanged."""
    before = spec_text(root)
    assert adopt(root, write(root, "a", report_entry("one", "refused"))) == 0
    operation = Spec(spec_text(root)).operation("GET", GET_MAX_LOAN.path)
    [answered] = operation["x-okx-answered-questions"]
    answer = {"outcome": "refused", "code": "51000", "date": "2026-11-27", "site": "eea", "mode": "spot"}
    assert dict(answered["answer"]) == answer
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
    """Adopting a report again changes nothing."""
    report = write(root, "a", report_entry("one", "refused"), report_entry("two", "empty"))
    assert adopt(root, report) == 0
    assert "answered already" in adopt_nothing(root, capsys, 0, report)


def test_refuted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refuted rule is reported with its line until a person removes it."""
    report = write(root, "a", report_entry("one", "rows"))
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
    """A rule that held for one of several requests stays inferred until a person decides."""
    report = write(root, "a", report_entry("one", "refused"), report_entry("two", "rows"))
    text = ""
    for _ in range(2):
        assert adopt(root, report) == 10
        text, out = spec_text(root), capsys.readouterr().out
        [line] = [each for each in out.splitlines() if each.startswith("decide   ")]
        assert line.startswith("decide   rule another-guess held for this request; does it for all")
        # The rule above it has one line more.
        assert "id: another-guess" in text.splitlines()[int(line.rpartition(":")[2]) - 1]
    observed = "\n          basis: observed\n          source: [report 2026-11-27 eea spot]"
    text = re.sub("(id: another-guess)\n +basis: inferred", rf"\1{observed}", text)
    (root / "spec" / "openapi.yaml").write_text(text, "utf-8")
    assert adopt(root, report) == 0


@pytest.mark.parametrize("code", ["404", "50005", "59999", "odd", "51001"])
def test_other_outcome(root: Path, capsys: pytest.CaptureFixture[str], code: str) -> None:
    """A response that matches no outcome, whatever outcome the report names, leaves its open question open."""
    entries = report_entry("one", "refused", code=code, outcome="refused"), report_entry("two", "refused")
    assert adopt_nothing(root, capsys, 10, write(root, "a", *entries)).count("none of its outcomes") == 2


@pytest.mark.parametrize("text", ["### The block\n\n{}\n### Privacy\n- [X] read", "{}"])
def test_from_an_issue(root: Path, text: str) -> None:
    """A report is found in the text of an issue; the suffix of a code only distinguishes its cases."""
    report = write(root, "a", report_entry("one", "refused", code="51000_7"))
    block = f"2026-11-27, eea\n\n| a |\n| --- |\n\n```json\n{report.read_text()}\n```\n"
    issue = root / "issue.md"
    issue.write_text(text.format(block))
    assert adopt(root, issue) == 0
    assert "report 2026-11-27 eea spot" in spec_text(root)


def test_agreement(root: Path) -> None:
    """Of reports that agree, the first one is named."""
    first = write(root, "a", report_entry("two", "empty"), site="us")
    second = write(root, "b", report_entry("two", "empty"), site="tr")
    assert adopt(root, first, second) == 0
    assert "site: us" in spec_text(root)


def test_contradiction(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports that contradict each other, or an adopted one, are shown side by side and change nothing."""
    first = write(root, "a", report_entry("two", "rows"), report_entry("one", "refused"))
    second = write(root, "b", report_entry("two", "empty"), site="us")
    output = adopt_nothing(root, capsys, 20, first, second)
    assert all(text in output for text in ("question two", "some (2026-11-27, eea, spot", "none (2026-11-27, us, spot"))
    assert adopt(root, first) == 10
    assert "answered otherwise" in adopt_nothing(root, capsys, 20, second)


@pytest.mark.parametrize("case", CASES["invalid"], ids=str)
def test_invalid_report(root: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]) -> None:
    """Invalid reports, and reports about other exchanges or questions, are rejected with a reason."""
    good = write(root, "good", report_entry("two", "rows"))
    bad = write(root, "bad", report_entry("one", "rows", **case.get("entry", {})), **case.get("report", {}))
    output = adopt_nothing(root, capsys, 20, good, bad)
    assert case["message"] in output
    assert "nothing was written" in output


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "```json\n{\n```"])
def test_no_json(root: Path, text: str) -> None:
    """A file without a report is rejected."""
    path = root / "a.json"
    path.write_text(text)
    assert adopt(root, path) == 20


def test_edit_that_makes_the_spec_invalid(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit that would make the spec invalid is not written."""
    schema = root / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"eea"', '"other"'), "utf-8")
    assert "'eea'" in adopt_nothing(root, capsys, 20, write(root, "a", report_entry("one", "refused")))


# Quick tests about rules and open questions.
TESTED = (
    *(f"tests/test_{name}.py" for name in ("spec", "validation", "operations")),
    *(f"tests/cli/test_{name}.py" for name in ("rules", "open_questions", "verify", "i18n")),
    *("tests/verify/test_open_questions.py", "tests/mock/test_exchange.py"),
    *("tests/contract/test_mock.py::test_rules", "tests/test_guide.py::test_tables_are_up_to_date"),
)


# A mock exchange that accepts what ours rejects: it refutes one rule and confirms others.
REFUTED = "quote-currency-needs-pair"
OTHERWISE = f"""
import sys
from okx_maxloan_sdk.cli import main
from okx_maxloan_sdk.mock import responses
responses.ERROR_BY_RULE[{REFUTED!r}] = ()
sys.exit(main(sys.argv[1:]))
"""


def delete_rule(checkout: Path) -> None:
    """Delete the refuted rule by hand from the spec, the mock exchange and the oracle."""
    for place, pattern in (
        ("spec/openapi.yaml", rf" +- id: {REFUTED}\n(?: {{10}}.*\n)+"),
        ("okx_maxloan_sdk/mock/errors.toml", rf'"{REFUTED}" = .*\n'),
        ("tests/contract/oracle.py", r' {8}if settle:  # I\n +return "50016"\n'),
    ):
        text, count = re.subn(pattern, "", (checkout / place).read_text("utf-8"))
        assert count == 1, place
        (checkout / place).write_text(text, "utf-8")


@pytest.mark.skipif(NESTED_RUN in os.environ, reason="this is the copy of an end-to-end update")
def test_from_a_report_to_green_tests(tmp_path: Path) -> None:
    """Reports become observed rules, a refuted rule is removed, and the generated client passes its tests."""
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
    output = run(checkout, *adopt_reports, code=10)
    assert f"decide   rule {REFUTED} (inferred) does not hold" in output
    assert re.search(rf"edit     okx_maxloan_sdk/mock/errors\.toml:\d+ names {REFUTED}", output)
    observed = {line.split()[2] for line in output.splitlines() if line.startswith("edited   rule ")}
    assert "currency-is-cross" in observed
    delete_rule(checkout)
    again = run(checkout, *adopt_reports, code=None)
    assert "edited" not in again
    assert REFUTED not in again
    output = run(checkout, python, "scripts/regenerate.py")
    assert all(f"rule `{rule}` is enforced" in output for rule in observed)
    assert f"which calls for {Report(['x'], [], []).bump(version(checkout))} " in output
    show = (python, "-c", OTHERWISE, "show", "--ccy", "USDT", "--mock", "--lang", "en")
    assert "A query for a currency needs mgnMode=cross" in run(checkout, *show, "--mode", "isolated", code=2)
    assert "USDT" in run(checkout, *show, "--trade-quote-ccy", "USD")
    write_guide(checkout)
    run(checkout, python, "-m", "ruff", "check", "--quiet", ".")
    run(checkout, python, "-m", "pytest", "-k", "not mistakes", *TESTED, timeout=300)
