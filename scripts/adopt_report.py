"""Take reports of `okx-maxloan verify --open-questions` into spec/openapi.yaml, as far as no judgement is needed.

A report is the JSON file, or a text with the block that the command prints, such as an issue. An answered question
moves to the answered ones, and an inferred rule that it confirms becomes observed, with day, site and account mode.
What needs a person is listed. Exit codes: 0 nothing is left to a person, 10 something is, 20 a report was refused or
contradicts another; then nothing is written.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codegen.contract import condition, raw_query
from codegen.validate import EFFECTS
from docs_watch.draft import flow_mapping
from docs_watch.spec import Spec
from docs_watch.write import SPEC, RefusedError, mentions, save, set_version
from jsonschema import Draft202012Validator
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from okx_maxloan_sdk.validation import matches
from okx_maxloan_sdk.verify.open_questions import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
OPEN, ANSWERED = "x-okx-open-questions", "x-okx-answered-questions"
LEFT_TO_A_PERSON, REFUSED = 10, 20
SITES = ("global", "eea", "us", "tr")
LABELS = ("edited", "known", "decide", "edit", "read")
Line = tuple[str, str, str]  # a label, a text, and the rule whose place in the spec follows it
BLOCK = re.compile(r"^```json\s*$(.*?)^```", re.MULTILINE | re.DOTALL)
VALIDATOR = Draft202012Validator(json.loads(Path(__file__).with_name("report.schema.json").read_text("utf-8")))


class Verdict(NamedTuple):
    """One report's answer to one question; `outcome` is None for a response that the spec does not foresee."""

    question: str
    outcome: str | None
    code: str
    date: str
    site: str
    mode: str
    facts: dict[str, str]

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.outcome or 'no outcome'} ({self.date}, {self.site}, {self.mode}; {facts})"


def read_report(path: Path, *, is_rehearsal: bool) -> dict[str, Any]:
    """Read a report; raise `RefusedError` saying why it is none, or not from OKX."""
    try:
        text = path.read_text(encoding="utf-8")
        block = BLOCK.search(text)
        report: Any = json.loads(block[1] if block else text)
    except (OSError, ValueError, RecursionError) as error:
        raise RefusedError(f"{path}: it cannot be read: {error}") from None
    if faults := [f"\n  {error.json_path}: {error.message[:100]}" for error in VALIDATOR.iter_errors(report)]:
        raise RefusedError(f"{path}: it is no report of okx-maxloan verify --open-questions{''.join(faults[:5])}")
    if report["site"] not in SITES and not is_rehearsal:
        raise RefusedError(
            f"{path}: its site is {report['site']}, and only OKX's own answers count; --rehearsal takes it"
        )
    if report["trading"] == "demo":
        raise RefusedError(
            f"{path}: it is about demo trading, whose rules may differ; make one with a key for live trading"
        )
    with contextlib.suppress(ValueError):
        if date.fromisoformat(report["date"]) <= datetime.now(UTC).date():
            return dict(report)
    raise RefusedError(f"{path}: its date is {report['date']}, which is no date of the past")


def verdicts(path: Path, report: dict[str, Any], questions: dict[str, Any]) -> Iterator[Verdict]:
    """Judge each answer by the outcomes of today's spec, whatever the report says of them."""
    site = report["site"] if report["site"] in SITES else "mock"
    mode = report["account"]["account.mode"]
    for answer in report["answers"]:
        name, facts = answer["question"], facts_of(answer["code"], answer["headers"], answer["rows"])
        if name not in questions:
            raise RefusedError(f"{path}: the spec has no question {name}")
        question = questions[name]
        if not any(matches(condition(each), report["account"]) for each in question["accounts"]):
            raise RefusedError(f"{path}: the question {name} is not for an account in {mode} mode")
        if not answer["sent"].endswith(sent(question)):
            message = f"{path}: the question {name} is about {sent(question)}, and the report about {answer['sent']}"
            raise RefusedError(message)
        outcomes = (each["id"] for each in question["outcomes"] if matches(condition(each["when"]), facts))
        yield Verdict(name, next(outcomes, None), answer["code"], report["date"], site, mode, facts)


def sent(question: dict[str, Any]) -> str:
    """Return the request of a question as a report has it."""
    return "?" + "&".join(f"{name}={value}" for name, value in raw_query(question["query"]).items())


def contradictions(found: Iterable[Verdict], questions: dict[str, Any]) -> Iterator[str]:
    """Show side by side what reports, and answers of before, say differently about a question or a rule."""
    by_question: defaultdict[str, list[Verdict]] = defaultdict(list)
    by_rule: defaultdict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    for each in found:
        by_question[each.question].append(each)
        answer = questions[each.question].get("answer")
        if answer and each.outcome and answer["outcome"] != each.outcome:
            before = f"{answer['outcome']} ({answer['date']}, {answer['site']}, {answer['mode']})"
            yield f"question {each.question} was answered otherwise:\n  {before}\n  {each}"
        outcome: Any = next((one for one in questions[each.question]["outcomes"] if one["id"] == each.outcome), {})
        for effect in EFFECTS:
            for rule in outcome.get(effect, ()):
                by_rule[rule].append((effect, each))
    for name, given in by_question.items():
        if len({each.outcome for each in given}) > 1:
            yield "\n  ".join([f"the reports contradict each other about question {name}:", *map(str, given)])
    for rule, effects in by_rule.items():
        if len({effect == "refutes" for effect, _ in effects}) > 1:
            lines = (f"{each.question} {effect} it: {each}" for effect, each in effects)
            yield "\n  ".join([f"the reports contradict each other about rule {rule}:", *lines])


def adopt(root: Path, operation: Any, found: Iterable[Verdict], questions: Mapping[str, Any]) -> Iterator[Line]:
    """Edit the operation; the first report of several that agree is the one that is named."""
    rules = {each["id"]: each for each in operation.get("x-okx-rules", ())}
    guesses = {name for name, rule in rules.items() if rule["basis"] == "inferred"}
    first: dict[str, Verdict] = {}
    for each in found:
        first.setdefault(each.question, each)
    for name, verdict in first.items():
        if verdict.outcome is None:
            yield "decide", f"question {name}: none of its outcomes: {verdict}", ""
            continue
        outcome = next(each for each in questions[name]["outcomes"] if each["id"] == verdict.outcome)
        # Only a person can change or delete these, as long as the spec has them.
        for rule in [rule for rule in outcome.get("refutes", ()) if rule in rules]:
            yield "decide", f"rule {rule} ({rules[rule]['basis']}) does not hold: {verdict}", rule
            yield from (("edit", f"{place} names {rule}", "") for place in mentions(root, f'"{rule}"'))
        for rule in [rule for rule in outcome.get("supports", ()) if rule in guesses]:
            yield "decide", f"rule {rule} held for this request; does it for all that it is about? {verdict}", rule
        open_ids = [each["id"] for each in operation[OPEN]]
        if name not in open_ids:
            yield "known", f"question {name} is answered already", ""
            continue
        question = operation[OPEN].pop(open_ids.index(name))
        code, day = SingleQuotedScalarString(verdict.code), SingleQuotedScalarString(verdict.date)
        question["answer"] = flow_mapping(
            {"outcome": verdict.outcome, "code": code, "date": day, "site": verdict.site, "mode": verdict.mode}
        )
        append(operation, ANSWERED, question)
        yield "edited", f"question {name} is answered: {verdict.outcome}", ""
        for rule in [rule for rule in outcome.get("confirms", ()) if rule in guesses]:
            rules[rule]["basis"] = "observed"
            append(rules[rule], "source", f"report {verdict.date} {verdict.site} {verdict.mode}")
            yield "edited", f"rule {rule} is observed", ""
            yield "read", f"the comment of rule {rule} may say that it is a guess", rule
    if not operation[OPEN]:
        operation[OPEN] = CommentedSeq()
        operation.ca.items.pop(OPEN, None)  # comments above the first question would stand nowhere


def append(node: Any, key: str, value: object) -> None:
    """Append to a list of the document, which is made if it is missing or empty."""
    if not node.get(key):
        node[key] = CommentedSeq()
        if isinstance(value, str):
            node[key].fa.set_flow_style()
    node[key].append(value)


def run(root: Path, paths: Sequence[Path], *, is_rehearsal: bool) -> int:
    """Adopt reports and print what that came to."""
    spec = Spec((root / SPEC).read_text(encoding="utf-8"))
    path, operation = next((path, item["get"]) for path, item in spec.document["paths"].items() if OPEN in item["get"])
    questions = {each["id"]: each for each in (*operation[OPEN], *operation.get(ANSWERED, ()))}
    try:
        reports = [(path, read_report(path, is_rehearsal=is_rehearsal)) for path in paths]
        found = [each for path, report in reports for each in verdicts(path, report, questions)]
        if conflicts := list(contradictions(found, questions)):
            raise RefusedError("\n".join(conflicts))
        lines = sorted(adopt(root, operation, found, questions), key=lambda line: LABELS.index(line[0]))
        if any(label == "edited" for label, _, _ in lines):
            set_version(spec)
            spec = save(root, spec)
    except RefusedError as refused:
        print(f"adopt_report: {refused}\nnothing was written", file=sys.stderr)
        return REFUSED
    numbers = spec.lines("GET", path)
    for label, text, rule in lines:
        print(f"{label:8} {text}" + (f" {SPEC}:{numbers[f'x-okx-rules.{rule}']}" if rule else ""))
    return LEFT_TO_A_PERSON if any(label == "decide" for label, _, _ in lines) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="JSON of verify --report")
    parser.add_argument("--rehearsal", action="store_true", help="take reports of a mock exchange, to try it all")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    options = parser.parse_args(argv)
    return run(options.root, options.reports, is_rehearsal=options.rehearsal)


if __name__ == "__main__":
    sys.exit(main())
