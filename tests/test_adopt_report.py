"""adopt_report.py: transfer of users' reports into the spec."""

import json
import re
from pathlib import Path
from typing import Any

import adopt_report
import pytest
from docs_watch.lock import Lock
from docs_watch.spec import Spec
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.verify.open_questions import REPORT_SCHEMA
from tests.docs_watch.conftest import Checkout
from tests.support.cases import cases

CASES = cases(__file__)


def answer(question: str, result: str, /, **changes: Any) -> dict[str, Any]:
    """Make a report's answer to an open question."""
    rows = [{"ccy": "USDT", "maxLoan": "number of 3+2 digits"}] if result == "rows" else []
    entry = {"question": question, "outcome": None, "sent": f"GET {GET_MAX_LOAN.path}?{CASES['sent'][question]}"}
    code = "51000" if result == "refused" else "0"
    return {**entry, "status": 200, "code": code, "headers": [], "rows": rows, **changes}


class Reports(Checkout):
    """A checkout with the rules and open questions of test_adopt_report.toml, and reports about them."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, Lock())
        self.capsys = capsys
        before, _, rest = self.spec.partition("      x-okx-rules:\n")
        after = rest[rest.index("\n      responses:\n") + 1 :]
        self.set_spec(f"{before}      x-okx-rules:\n{CASES['rules']}{after}")

    def set_spec(self, text: str) -> None:
        """Replace the spec, as a person who edits it does."""
        (self.folder / "openapi.yaml").write_text(text, "utf-8")

    def report(self, *answers: dict[str, Any], name: str = "a", **changes: Any) -> Path:
        """Write a report."""
        path = self.root / f"{name}.json"
        path.write_text(json.dumps({**CASES["report"], "schema": REPORT_SCHEMA, "answers": answers, **changes}))
        return path

    def adopt(self, code: int, *reports: Path) -> str:
        """Run the script, which has to end with this exit code, and return its output; a refusal changes nothing."""
        before = self.spec
        assert adopt_report.main([*map(str, reports), "--root", str(self.root)]) == code
        assert code != adopt_report.REFUSED or self.spec == before
        return "".join(self.capsys.readouterr())

    def lines(self, output: str, start: str) -> list[str]:
        """Return the lines of the spec that the lines of the output with this beginning name."""
        numbers = [int(line.rpartition(":")[2]) for line in output.splitlines() if line.startswith(start)]
        return [self.spec.splitlines()[number - 1].strip() for number in numbers]


@pytest.fixture
def checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reports:
    """Create the checkout."""
    return Reports(tmp_path, capsys)


def test_confirmed(checkout: Reports) -> None:
    """A response settles its open question and makes an inferred rule an observed one, once; all else is unchanged."""
    before, report = checkout.spec, checkout.report(answer("one", "refused"))
    assert "edited   rule guess is observed" in checkout.adopt(0, report)
    operation = Spec(checkout.spec).operation("GET", GET_MAX_LOAN.path)
    [answered] = operation["x-okx-answered-questions"]
    expected = {"outcome": "refused", "code": "51000", "date": "2026-11-27", "site": "eea", "mode": "spot"}
    assert dict(answered["answer"]) == expected
    assert [each["id"] for each in operation["x-okx-open-questions"]] == ["two"]
    rule, documented, _ = operation["x-okx-rules"]
    assert (rule["basis"], list(rule["source"])) == ("observed", ["report 2026-11-27 eea spot"])
    assert documented["basis"] == "documented"
    for comment in ("# a comment that stays", "# a guess", before.splitlines()[0]):
        assert comment in checkout.spec
    assert before.partition("      responses:")[2] == checkout.spec.partition("      responses:")[2]
    adopted = checkout.spec
    assert "answered already" in checkout.adopt(0, report)
    assert checkout.spec == adopted


def test_refuted(checkout: Reports) -> None:
    """A refuted rule is reported with its line, and the files that name it, until a person removes it."""
    report = checkout.report(answer("one", "rows"))
    (checkout.root / "tests").mkdir()
    (checkout.root / "tests" / "errors.toml").write_text('#\n"guess" = 1\n"another-guess" = 2\n')
    for _ in range(2):
        output = checkout.adopt(10, report)
        assert checkout.lines(output, "decide   rule guess (inferred)") == ["- id: guess"]
        assert checkout.lines(output, "decide   rule held (documented)") == ["- id: held"]
        named = [line for line in output.splitlines() if " names " in line]
        assert named == ["edit     tests/errors.toml:2 names guess"]
        assert "basis: inferred" in checkout.spec
    (before, _, rest), another = checkout.spec.partition("- id: guess\n"), "- id: another-guess\n"
    checkout.set_spec(before + another + rest.partition(another)[2])
    assert "decide" not in checkout.adopt(0, report), "the rules that it refuted are gone"


def test_supported(checkout: Reports) -> None:
    """A rule that held for one of several requests stays inferred until a person decides."""
    report = checkout.report(answer("one", "refused"), answer("two", "rows"))
    for _ in range(2):
        output = checkout.adopt(10, report)
        assert "decide   rule another-guess held for this request; does it for all" in output
        # The rule above it has one line more.
        assert checkout.lines(output, "decide   ") == ["- id: another-guess"]
    observed = "\n          basis: observed\n          source: [report 2026-11-27 eea spot]"
    text = re.sub("(id: another-guess)\n +basis: inferred", rf"\1{observed}", checkout.spec)
    checkout.set_spec(text)
    checkout.adopt(0, report)


@pytest.mark.parametrize("code", ["404", "50005", "59999", "odd", "51001"])
def test_other_outcome(checkout: Reports, code: str) -> None:
    """A response that matches no outcome, whatever outcome the report names, leaves its open question open."""
    answers = answer("one", "refused", code=code, outcome="refused"), answer("two", "refused")
    before = checkout.spec
    assert checkout.adopt(10, checkout.report(*answers)).count("none of its outcomes") == 2
    assert checkout.spec == before


@pytest.mark.parametrize("text", ["### The block\n\n{}\n### Privacy\n- [X] read", "{}"])
def test_from_an_issue(checkout: Reports, text: str) -> None:
    """A report is found in the text of an issue; the suffix of a code only distinguishes its cases."""
    report = checkout.report(answer("one", "refused", code="51000_7"))
    block = f"2026-11-27, eea\n\n| a |\n| --- |\n\n```json\n{report.read_text()}\n```\n"
    report.write_text(text.format(block))
    checkout.adopt(0, report)
    assert "report 2026-11-27 eea spot" in checkout.spec


def test_agreement(checkout: Reports) -> None:
    """Of reports that agree, the first one is named."""
    checkout.adopt(0, *(checkout.report(answer("two", "empty"), site=site, name=site) for site in ("us", "tr")))
    assert "site: us, mode: spot" in checkout.spec


def test_contradiction(checkout: Reports) -> None:
    """Reports that contradict each other, or an adopted one, are shown side by side and change nothing."""
    first = checkout.report(answer("two", "rows"), answer("one", "refused"))
    second = checkout.report(answer("two", "empty"), site="us", name="b")
    output = checkout.adopt(20, first, second)
    assert all(text in output for text in ("question two", "some (2026-11-27, eea, spot", "none (2026-11-27, us, spot"))
    checkout.adopt(10, first)
    assert "answered otherwise" in checkout.adopt(20, second)


@pytest.mark.parametrize("case", CASES["invalid"], ids=str)
def test_invalid_report(checkout: Reports, case: dict[str, Any]) -> None:
    """Invalid reports, and reports about other exchanges or questions, are rejected with a reason."""
    bad = checkout.report(answer("one", "rows", **case.get("entry", {})), name="bad", **case.get("report", {}))
    output = checkout.adopt(20, checkout.report(answer("two", "rows")), bad)
    assert case["message"] in output
    assert "nothing was written" in output


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "```json\n{\n```"])
def test_no_json(checkout: Reports, text: str) -> None:
    """A file without a report is rejected."""
    path = checkout.report()
    path.write_text(text)
    checkout.adopt(20, path)
