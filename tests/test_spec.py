"""The spec: valid, complete in both languages, and consistent with recordings of OKX."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from codegen.validate import faults
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN
from ruamel.yaml import YAML

from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.exceptions import EXCEPTION_BY_KIND
from okx_maxloan_sdk.validation import find_violations

ROOT = Path(__file__).resolve().parent.parent
SPEC: dict[str, Any] = YAML(typ="safe").load(ROOT / "spec" / "openapi.yaml")
EXTENSIONS = ROOT / "spec" / "extensions.schema.json"
CODES = ROOT.parent / "shared" / "okx" / "error-codes.json"
MISTAKES = tomllib.loads((ROOT / "tests" / "spec_mistakes.toml").read_text("utf-8"))["mistakes"]


# Questions that stay open and answered; the second has refuted a rule, which is gone.
OUTCOMES = [
    {"id": "none", "when": {"result": "empty"}, "en": "None.", "zh": "没有。"},
    {"id": "some", "when": {"result": "rows"}, "en": "Some.", "zh": "有。"},
]
QUESTION: dict[str, Any] = {
    "id": "a-question", "accounts": [{"account.mode": "spot"}], "query": {"mgnMode": "cross", "instId": ["BTC-USDT"]},
    "en": "Which?", "zh": "哪个？", "why": {"en": "Nobody knows.", "zh": "尚不清楚。"}, "outcomes": OUTCOMES,
}  # fmt: skip
ANSWERED = {
    **QUESTION, "id": "answered", "outcomes": [{**OUTCOMES[0], "refutes": ["a-rule-that-went"]}, OUTCOMES[1]],
    "answer": {"outcome": "none", "code": "0", "date": "2026-11-27", "site": "global", "mode": "spot"},
}  # fmt: skip


def max_loan(document: dict[str, Any]) -> Any:
    """Return the operation."""
    return document["paths"]["/api/v5/account/max-loan"]["get"]


def row(document: dict[str, Any]) -> Any:
    """Return the schemas of a row's fields."""
    return document["components"]["schemas"]["MaxLoanRow"]["properties"]


def with_questions() -> tuple[dict[str, Any], dict[str, Any]]:
    """Copy the spec with two more questions, and name the parts of it that have a mistake."""
    document, question, answered = deepcopy(SPEC), deepcopy(QUESTION), deepcopy(ANSWERED)
    operation = max_loan(document)
    operation["x-okx-open-questions"].append(question)
    operation["x-okx-answered-questions"].append(answered)
    parts = {"document": document, "operation": operation, "row": row(document)}
    return document, {**parts, "question": question, "answered": answered}


def test_valid() -> None:
    """The shipped spec is valid, and an answered question may be about a rule that went."""
    assert faults(with_questions()[0], EXTENSIONS) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["id"])
def test_mistakes_are_found(mistake: dict[str, Any]) -> None:
    """An editor's mistake is reported with its place."""
    at: Any
    document, parent = with_questions()
    at, *keys = mistake["at"].split("/")
    for key in keys:
        parent = parent[at]
        at = int(key) if isinstance(parent, list) else key
    if "update" in mistake:
        parent[at].update(mistake["update"])
    elif "again" in mistake:
        parent[at].append(parent[at][0])
    else:
        del parent[at]
    assert mistake["message"] in "\n".join(faults(document, EXTENSIONS))


def locked(language: str = "en") -> dict[str, Any]:
    """Return the locked facts of a language's pages by operation."""
    operations: dict[str, Any] = json.loads((ROOT / "spec" / "docs.lock.json").read_text("utf-8"))["operations"]
    return {name: pages[language] for name, pages in operations.items()}


@pytest.mark.parametrize("rule", max_loan(SPEC)["x-okx-rules"], ids=lambda rule: rule["id"])
def test_basis_of_a_rule(rule: dict[str, Any]) -> None:
    """A documented rule names an existing page or changelog in both languages, and an observed one its observation."""
    places = [place.split(" ", 1) for place in rule.get("source", ())]
    kinds = {kind for kind, _ in places}
    if rule["basis"] == "documented":
        assert kinds in ({"en", "zh"}, {"changelog"})
    if rule["basis"] == "observed":
        assert kinds & {"answer", "report"}
    for kind, place in places:
        if kind == "answer":
            assert place in ERRORS
        elif kind not in {"changelog", "report"}:
            part, _, name = place.partition(".")
            page = locked(kind)["getMaxLoan"]
            assert name in page[part] if name else page[part]


def test_every_inferred_rule_has_an_open_question() -> None:
    """Every inferred rule has an open question, with outcomes for and against it."""
    operation = max_loan(SPEC)
    every = [*operation["x-okx-open-questions"], *operation["x-okx-answered-questions"]]
    outcomes = [outcome for question in every for outcome in question["outcomes"]]
    guesses = {rule["id"] for rule in operation["x-okx-rules"] if rule["basis"] == "inferred"}
    for effects in (("confirms", "supports"), ("refutes",)):
        assert guesses <= {rule for each in outcomes for effect in effects for rule in each.get(effect, ())}, effects


def test_every_documented_request_is_sent() -> None:
    """No enforced rule rejects an example of the page in the account mode that the page names."""
    shown = {query for language in ("en", "zh") for query in locked(language)["getMaxLoan"]["examples"]}
    for example in GET_MAX_LOAN.examples:
        account = {f"account.{name}": value for name, value in example.account.items()}
        assert find_violations(Query(GET_MAX_LOAN, GET_MAX_LOAN.path, example.query), account, "en") == []
        shown.discard("&".join(f"{name}={value}" for name, value in sorted(example.query.items())))
    assert shown == set()


def test_response_schemas_stay_open() -> None:
    """No response schema closes an enum or forbids fields, so new values are valid."""
    for name, schema in SPEC["components"]["schemas"].items():
        assert "additionalProperties" not in schema, name
        for field, each in schema.get("properties", {}).items():
            assert "enum" not in each, f"{name}.{field}"


def test_errors() -> None:
    """Every kind has an exception; exactly OKX's temporary codes are retried, and 50102 after a clock measurement."""
    assert {each.kind for each in ERRORS.values()} == set(EXCEPTION_BY_KIND)
    retried = {kind: {code for code, each in ERRORS.items() if each.retry == kind} for kind in ("later", "resync")}
    assert retried == {"later": {"50001", "50004", "50011", "50013", "50026", "50040"}, "resync": {"50102"}}


@pytest.mark.skipif(not CODES.exists(), reason="the recorded list of codes is not part of the repository")
def test_codes_are_total() -> None:
    """Every code that OKX documents for a signed GET is in the table, with our own explanation."""
    listed = json.loads(CODES.read_text("utf-8"))["codes"]
    assert {each["code"] for each in listed} - ERRORS.keys() == {"0"}
    theirs = {each[language] for each in listed for language in ("en", "zh") if len(each[language]) > 12}
    ours = {text for each in ERRORS.values() for text in (each.en, each.zh)}
    assert not theirs & ours
