"""Update from a changed page and users' reports: spec, lock and client follow, and the tests pass."""

import csv
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from api_change import Report, version
from okx_maxloan_api.contract import GET_MAX_LOAN

from tests.docs_watch.conftest import IN_COPY, ROOT, commit, run
from tests.docs_watch.pages import EN, ZH, both, edit_page
from tests.support.contract_values import LIMIT, SIZE

USE = """
from okx_maxloan_sdk.mock.server import run_mock_server

with run_mock_server() as mock:
    loans = mock.client("spot").get_max_loan("BTC-USDT", mgn_mode="cross", new_thing="x")
    print(mock.exchange.log[-1].target.rpartition("&")[2], [loan.new_amount for loan in loans])
"""
COMMAND = (sys.executable, "-c", "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())")
# Files outside the project, and temporary files of other tests.
EXCLUDED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", ".schemathesis", "dist", "site", "mutants", ".new-*"
)
YES, NO = ["Yes", "是"], ["No", "否"]
ITEMS = ("Multiple, no more than {}", "支持多个（不超过{}个）")
RATE = ("Rate Limit: {} requests per {} seconds", "限速：{}次/{}s")
# Quick tests that depend on the changed facts, rules and open questions; the nightly workflow runs all of `make test`.
TESTED = (
    *(f"tests/test_{name}.py" for name in ("codec", "validation", "spec")),
    *(f"tests/cli/test_{name}.py" for name in ("rules", "show", "verify")),
    *(f"tests/test_guide.py::test_{name}" for name in ("languages_have_one_structure", "tables_are_up_to_date")),
    *(f"tests/contract/test_mock.py::test_{name}" for name in ("corpus", "limit", "rules")),
    *("tests/mock/test_exchange.py", "tests/contract/test_oracle.py"),
    "tests/verify/test_open_questions.py",
)


def describe(name: str, values: Iterable[str], items: int = 1) -> list[str]:
    """Describe a parameter or a field in both languages, with its values and its limit of items."""
    listed = " ".join(f"`{each}`" for each in values)
    return ["\n".join([f"About {name}", *([text.format(items)] if items > 1 else []), listed]) for text in ITEMS]


def build_pages() -> tuple[bytes, bytes]:
    """Build a page that matches the contract, independent of OKX's, and one with five changes.

    They are a parameter, a field, a value, the rate limit and the limit of items.
    """
    limit, parameters = GET_MAX_LOAN.limit, {each.name: each for each in GET_MAX_LOAN.parameters}
    values = {name: [value.value for value in each.values] for name, each in parameters.items()}
    rows: list[dict[str, Any]] = []
    for number, (name, each) in enumerate(parameters.items()):
        cells = {"description": describe(name, values[name], each.max_items), "required": YES if each.required else NO}
        rows.append({"table": "request", "name": name, "at": number, **cells})
    for number, field in enumerate(GET_MAX_LOAN.fields):
        description = describe(field.name, [value.value for value in field.values])
        rows.append({"table": "response", "name": field.name, "at": number, "description": description})
    today: dict[str, Any] = {
        "add": rows,
        "rate": [text.format(limit.requests, limit.period) for text in RATE],
        "sample": " ".join(each.name for each in GET_MAX_LOAN.fields),
        "anchor": GET_MAX_LOAN.docs_en.partition("#")[2],
    }
    tomorrow: dict[str, Any] = {
        "add": [
            {"table": "request", "name": "newThing", "description": "What it is for", "required": NO, "at": 9},
            {"table": "response", "name": "newAmount", "description": "How much of it"},
        ],
        "request": {
            "mgnMode": describe("mode", [*values["mgnMode"], "newMode"]),
            "instId": describe("pairs", [], parameters["instId"].max_items + 2),
        },
        "rate": [text.format(limit.requests + 10, limit.period) for text in RATE],
    }
    old = [edit_page({**page, "request": [], "response": []}, **today) for page in (EN, ZH)]
    return both("markdown", *old), both("markdown", *(edit_page(page, **tomorrow) for page in old))


def prepare(checkout: Path) -> Path:
    """Copy and tag the project, lock today's page there, and return the path of tomorrow's page."""
    shutil.copytree(ROOT, checkout, ignore=EXCLUDED, dirs_exist_ok=True)
    # Outside the copy, which contains only the project.
    today, tomorrow = (checkout.parent / f"{name}.md" for name in ("today", "tomorrow"))
    for path, page in zip((today, tomorrow), build_pages(), strict=True):
        path.write_bytes(page)
    run(checkout, sys.executable, "scripts/check_docs.py", "--write", today, code=None)
    lock_file = checkout / "spec" / "docs.lock.json"
    lock = json.loads(lock_file.read_text("utf-8"))
    del lock["unread"]  # Nothing is left to read: today's page has our own texts.
    lock_file.write_text(json.dumps(lock), "utf-8")
    commit(checkout, f"v{version(checkout)}")
    return tomorrow


def adopt_page(checkout: Path, page: Path) -> None:
    """Follow a changed page with check, --write and regenerate."""
    check = [sys.executable, "scripts/check_docs.py", str(page)]
    rows = json.loads(run(checkout, *check, "--format", "json", code=11))["differences"]
    additions = {"rate", "request.mgnMode.values", "request.instId.limit", "request.newThing", "response.newAmount"}
    severities = {row["place"]: row["severity"] for row in rows if row["severity"] != "wording"}
    assert severities == dict.fromkeys(additions, "additive")
    assert "decide   getMaxLoan" in run(checkout, *check, "--write", code=10)
    report = run(checkout, sys.executable, "scripts/regenerate.py")
    assert "generated/ was regenerated" in report
    assert f"which calls for {Report([], ['x'], []).bump(version(checkout))} " in report
    assert "okx_maxloan_sdk.MaxLoan.new_amount" in report
    assert "okx_maxloan_api.contract.ExtraParameters.new_thing" in report
    assert "### Breaking" not in report


def adopt_reports(checkout: Path) -> None:
    """Turn reports about the mock exchange into observed rules, which are enforced."""
    reports = [checkout.parent / f"{user}.json" for user in ("spot", "spot_plain", "futures")]
    for each in reports:
        run(checkout, *COMMAND, "verify", "--open-questions", "--mock-user", each.stem, "--report", each, code=None)
    adopt = (sys.executable, "scripts/adopt_report.py", "--rehearsal", *map(str, reports))
    lines = run(checkout, *adopt, code=None).splitlines()
    observed = {line.split()[2] for line in lines if line.startswith("edited   rule ")}
    assert "currency-is-cross" in observed
    output = run(checkout, sys.executable, "scripts/regenerate.py")
    assert all(f"rule `{rule}` is enforced" in output for rule in observed)
    assert f"which calls for {Report(['x'], [], []).bump(version(checkout))} " in output
    show = (*COMMAND, "show", "--ccy", "USDT", "--mode", "isolated", "--mock", "--lang", "en")
    assert "A query for a currency needs mgnMode=cross" in run(checkout, *show, code=2)


def check_client(checkout: Path) -> None:
    """Send the new parameter and read the new field with the client and the command."""
    assert run(checkout, sys.executable, "-c", USE) == "newThing=x ['', '']\n"
    output = run(checkout, *COMMAND, "show", "BTC-USDT", "--mock", "--new-thing", "x", "--format", "csv")
    head, *rows = csv.reader(output.splitlines())
    assert (head[-1], [row[-1] for row in rows]) == ("new_amount", ["", ""])


def check_guide(checkout: Path) -> None:
    """Write the tables of the READMEs and the guide anew, as `make guide` does, and read the changes in them."""
    pages = [str(path.relative_to(checkout)) for path in (checkout / "docs").glob("*/*.md")]
    command = (sys.executable, "-m", "cogapp", "-r", "-I", "scripts", "-I", "generated", "-I", ".")
    run(checkout, *command, "README.md", "README.zh.md", *pages)
    for name, page, size in (
        ("README.md", "docs/en", f"at most {SIZE + 2} in"),
        ("README.zh.md", "docs/zh", f"最多 {SIZE + 2} 个"),
    ):
        text = (checkout / name).read_text("utf-8") + (checkout / page / "python.md").read_text("utf-8")
        limit = text.partition("guide.limit(")[2].partition("[[[end]]]")[0]
        assert f" {LIMIT.requests + 10} " in limit
        for new in (size, "`newMode`", "\n| `new_thing` | `newThing` |", "\n| `new_amount` | `newAmount` |"):
            assert new in text


@pytest.mark.skipif(IN_COPY in os.environ, reason="this is the copy of an end-to-end update")
def test_from_page_and_reports_to_green_tests(tmp_path: Path) -> None:
    """A changed page and reports about open questions become a client with every change, and its tests pass.

    With OKX_FULL_UPDATE, as in the nightly workflow, the page alone is followed, and all of `make test` has to pass.
    """
    if not shutil.which("git"):
        pytest.skip("the report on the API needs git")
    checkout, is_full = tmp_path / "checkout", "OKX_FULL_UPDATE" in os.environ
    adopt_page(checkout, prepare(checkout))
    if not is_full and "currency-is-cross" in {rule.id for rule in GET_MAX_LOAN.rules if rule.basis == "inferred"}:
        adopt_reports(checkout)  # once OKX has confirmed that rule, name another one
    check_client(checkout)
    check_guide(checkout)
    if is_full:
        run(checkout, "make", "-o", ".venv/ready", f"BIN={Path(sys.executable).parent}", "test", timeout=3600)
        return
    run(checkout, sys.executable, "-m", "ruff", "check", "--quiet", ".")
    run(checkout, sys.executable, "-m", "pytest", "-k", "not mistakes", *TESTED, timeout=300)
