"""adopt_report.py: transfer of users' reports into the spec."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import adopt_report
import pytest
from docs_watch.spec import Spec
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.verify.open_questions import REPORT_SCHEMA
from tests.support.cases import cases

ROOT = Path(__file__).resolve().parent.parent
CASES = cases(__file__)


def answer(question: str, result: str, /, **changes: Any) -> dict[str, Any]:
    """Make a report's answer to an open question."""
    rows = [{"ccy": "USDT", "maxLoan": "number of 3+2 digits"}] if result == "rows" else []
    entry = {"question": question, "outcome": None, "sent": f"GET {GET_MAX_LOAN.path}?{CASES['sent'][question]}"}
    code = "51000" if result == "refused" else "0"
    return {**entry, "status": 200, "code": code, "headers": [], "rows": rows, **changes}


class Checkout:
    """A spec with the rules and open questions of test_adopt_report.toml, and reports about them."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        self.spec = root / "spec" / "openapi.yaml"
        self.spec.parent.mkdir()
        shutil.copy(ROOT / "spec" / "extensions.schema.json", self.spec.parent)
        small = ROOT / "tests" / "docs_watch" / "openapi.yaml"
        before, _, rest = small.read_text("utf-8").partition("      x-okx-rules:\n")
        after = rest[rest.index("\n      responses:\n") + 1 :]
        self.spec.write_text(f"{before}      x-okx-rules:\n{CASES['rules']}{after}", "utf-8")

    @property
    def text(self) -> str:
        """The text of the spec."""
        return self.spec.read_text("utf-8")

    def report(self, *answers: dict[str, Any], name: str = "a", **changes: Any) -> Path:
        """Write a report."""
        path = self.root / f"{name}.json"
        path.write_text(json.dumps({**CASES["report"], "schema": REPORT_SCHEMA, "answers": answers, **changes}))
        return path

    def adopt(self, code: int, *reports: Path) -> str:
        """Run the script, which has to end with this exit code, and return its output."""
        assert adopt_report.main([*map(str, reports), "--root", str(self.root)]) == code
        return "".join(self.capsys.readouterr())

    def adopt_nothing(self, code: int, *reports: Path) -> str:
        """Run the script, which must not change the spec, and return its output."""
        before = self.text
        output = self.adopt(code, *reports)
        assert self.text == before
        return output

    def lines(self, output: str, start: str) -> list[str]:
        """Return the lines of the spec that the lines of the output with this beginning name."""
        numbers = [int(line.rpartition(":")[2]) for line in output.splitlines() if line.startswith(start)]
        return [self.text.splitlines()[number - 1].strip() for number in numbers]


@pytest.fixture
def checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Create the checkout."""
    return Checkout(tmp_path, capsys)


def test_confirmed(checkout: Checkout) -> None:
    """A response settles its open question and makes an inferred rule an observed one, once; all else is unchanged."""
    before, report = checkout.text, checkout.report(answer("one", "refused"))
    assert "edited   rule guess is observed" in checkout.adopt(0, report)
    operation = Spec(checkout.text).operation("GET", GET_MAX_LOAN.path)
    [answered] = operation["x-okx-answered-questions"]
    expected = {"outcome": "refused", "code": "51000", "date": "2026-11-27", "site": "eea", "mode": "spot"}
    assert dict(answered["answer"]) == expected
    assert [each["id"] for each in operation["x-okx-open-questions"]] == ["two"]
    rule, documented, _ = operation["x-okx-rules"]
    assert (rule["basis"], list(rule["source"])) == ("observed", ["report 2026-11-27 eea spot"])
    assert documented["basis"] == "documented"
    for comment in ("# a comment that stays", "# a guess", before.splitlines()[0]):
        assert comment in checkout.text
    assert before.partition("      responses:")[2] == checkout.text.partition("      responses:")[2]
    assert "answered already" in checkout.adopt_nothing(0, report)


def test_refuted(checkout: Checkout) -> None:
    """A refuted rule is reported with its line until a person removes it."""
    report = checkout.report(answer("one", "rows"))
    for _ in range(2):
        output = checkout.adopt(10, report)
        assert checkout.lines(output, "decide   rule guess (inferred)") == ["- id: guess"]
        assert checkout.lines(output, "decide   rule held (documented)") == ["- id: held"]
        assert "basis: inferred" in checkout.text
    (before, _, rest), another = checkout.text.partition("- id: guess\n"), "- id: another-guess\n"
    checkout.spec.write_text(before + another + rest.partition(another)[2], "utf-8")
    assert "decide" not in checkout.adopt(0, report), "the rules that it refuted are gone"


def test_supported(checkout: Checkout) -> None:
    """A rule that held for one of several requests stays inferred until a person decides."""
    report = checkout.report(answer("one", "refused"), answer("two", "rows"))
    for _ in range(2):
        output = checkout.adopt(10, report)
        assert "decide   rule another-guess held for this request; does it for all" in output
        # The rule above it has one line more.
        assert checkout.lines(output, "decide   ") == ["- id: another-guess"]
    observed = "\n          basis: observed\n          source: [report 2026-11-27 eea spot]"
    text = re.sub("(id: another-guess)\n +basis: inferred", rf"\1{observed}", checkout.text)
    checkout.spec.write_text(text, "utf-8")
    checkout.adopt(0, report)


@pytest.mark.parametrize("code", ["404", "50005", "59999", "odd", "51001"])
def test_other_outcome(checkout: Checkout, code: str) -> None:
    """A response that matches no outcome, whatever outcome the report names, leaves its open question open."""
    answers = answer("one", "refused", code=code, outcome="refused"), answer("two", "refused")
    assert checkout.adopt_nothing(10, checkout.report(*answers)).count("none of its outcomes") == 2


@pytest.mark.parametrize("text", ["### The block\n\n{}\n### Privacy\n- [X] read", "{}"])
def test_from_an_issue(checkout: Checkout, text: str) -> None:
    """A report is found in the text of an issue; the suffix of a code only distinguishes its cases."""
    report = checkout.report(answer("one", "refused", code="51000_7"))
    block = f"2026-11-27, eea\n\n| a |\n| --- |\n\n```json\n{report.read_text()}\n```\n"
    report.write_text(text.format(block))
    checkout.adopt(0, report)
    assert "report 2026-11-27 eea spot" in checkout.text


def test_agreement(checkout: Checkout) -> None:
    """Of reports that agree, the first one is named."""
    checkout.adopt(0, *(checkout.report(answer("two", "empty"), site=site, name=site) for site in ("us", "tr")))
    assert "site: us, mode: spot" in checkout.text


def test_contradiction(checkout: Checkout) -> None:
    """Reports that contradict each other, or an adopted one, are shown side by side and change nothing."""
    first = checkout.report(answer("two", "rows"), answer("one", "refused"))
    second = checkout.report(answer("two", "empty"), site="us", name="b")
    output = checkout.adopt_nothing(20, first, second)
    assert all(text in output for text in ("question two", "some (2026-11-27, eea, spot", "none (2026-11-27, us, spot"))
    checkout.adopt(10, first)
    assert "answered otherwise" in checkout.adopt_nothing(20, second)


@pytest.mark.parametrize("case", CASES["invalid"], ids=str)
def test_invalid_report(checkout: Checkout, case: dict[str, Any]) -> None:
    """Invalid reports, and reports about other exchanges or questions, are rejected with a reason."""
    bad = checkout.report(answer("one", "rows", **case.get("entry", {})), name="bad", **case.get("report", {}))
    output = checkout.adopt_nothing(20, checkout.report(answer("two", "rows")), bad)
    assert case["message"] in output
    assert "nothing was written" in output


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "```json\n{\n```"])
def test_no_json(checkout: Checkout, text: str) -> None:
    """A file without a report is rejected."""
    path = checkout.report()
    path.write_text(text)
    checkout.adopt_nothing(20, path)


def test_edit_that_makes_the_spec_invalid(checkout: Checkout) -> None:
    """An edit that would make the spec invalid is not written."""
    schema = checkout.root / "spec" / "extensions.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"eea"', '"other"'), "utf-8")
    assert "'eea'" in checkout.adopt_nothing(20, checkout.report(answer("one", "refused")))
