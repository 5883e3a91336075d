"""Update from a changed page: spec, lock and client follow, and the tests pass with the new facts."""

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from api_change import Report, version
from okx_maxloan_api.contract import GET_MAX_LOAN

from tests.docs_watch.end_to_end_update import NESTED_RUN, prepare, run, write_guide

USE = """
import json, sys
import okx_maxloan_api, okx_maxloan_sdk
from okx_maxloan_api.contract import GET_MAX_LOAN
from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.codec import to_models, validate_rows
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.market import max_loan_rows
from okx_maxloan_sdk.mock.server import run_mock_server

row = {"maxLoan": "1", "ccy": "BTC", "newAmount": "7"}
(old,), (new,) = (validate_rows(GET_MAX_LOAN, [each], None) for each in ({"maxLoan": "1", "ccy": "BTC"}, row))
with run_mock_server() as mock:
    client = mock.client("spot")
    loans = client.get_max_loan("BTC-USDT", mgn_mode="cross", new_thing="x")
    (batch,) = client.iter_max_loan(["BTC-USDT"], mgn_mode="cross", new_thing="x")
    sent = [each.target.partition("newThing=")[2] for each in mock.exchange.log]
(instruments,) = (each for each in GET_MAX_LOAN.parameters if each.name == "instId")
(modes,) = (each for each in GET_MAX_LOAN.parameters if each.name == "mgnMode")
print(json.dumps({
    "packages": [okx_maxloan_sdk.__file__, okx_maxloan_api.__file__],
    "amounts": [each.new_amount for each in to_models(MaxLoan, GET_MAX_LOAN, (old, new))],
    "asked": [(each.inst_id, each.new_amount) for each in (*loans, *batch.loans)], "sent": sent,
    "row": [*max_loan_rows(default_exchange().users["spot"], {"mgnMode": "cross", "instId": "BTC-USDT"})[0]],
    "limit": GET_MAX_LOAN.limit[:2], "items": instruments.max_items, "modes": [each.value for each in modes.values],
}))
"""
# Quick tests that depend on the changed facts; the nightly workflow runs all of `make test`.
TESTED = (
    *(f"tests/test_{name}.py" for name in ("request", "client", "codec", "validation")),
    *(f"tests/test_spec.py::test_{name}" for name in ("valid", "every_parameter_and_field_of_the_page")),
    *(f"tests/cli/test_{name}.py" for name in ("render", "rules", "show")),
    "tests/test_guide.py::test_languages_have_one_structure",
    *(f"tests/contract/test_mock.py::test_{name}" for name in ("corpus", "limit")),
    *("tests/mock/test_exchange.py", "tests/contract/test_oracle.py"),
)


COMMAND = (sys.executable, "-c", "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())")


def check_command(checkout: Path) -> None:
    """Send the new option and read the new column on the command line."""
    for command in ("show", "watch"):
        assert "--new-thing VALUE" in run(checkout, *COMMAND, command, "--help", "--lang", "en")
    arguments = ("BTC-USDT", "--mock", "--new-thing", "x")
    head, *rows = csv.reader(run(checkout, *COMMAND, "show", *arguments, "--format", "csv").splitlines())
    assert (head[-1], [row[-1] for row in rows]) == ("new_amount", ["", ""])
    assert run(checkout, *COMMAND, "watch", *arguments, "--count", "1").count("BTC-USDT") == 2


def check_guide(checkout: Path) -> None:
    """Read the changes in the tables of the READMEs and the guide."""
    write_guide(checkout)
    limit, (size,) = GET_MAX_LOAN.limit, (each.max_items for each in GET_MAX_LOAN.parameters if each.name == "instId")
    for name, page, size_text in (
        ("README.md", "docs/en/python.md", f"at most {size + 2} in"),
        ("README.zh.md", "docs/zh/python.md", f"最多 {size + 2} 个"),
    ):
        text = (checkout / name).read_text("utf-8")
        assert "\n| `new_thing` | `newThing` |" in text
        assert f" {limit.requests + 10} " in text.partition("guide.limit(")[2].partition("[[[end]]]")[0]
        assert size_text in text
        assert "\n| `new_amount` | `newAmount` |" in (checkout / page).read_text("utf-8")


@pytest.mark.skipif(NESTED_RUN in os.environ, reason="this is the copy of an end-to-end update")
def test_from_the_page_to_green_tests(tmp_path: Path) -> None:
    """A changed page goes through check, --write and regenerate into a client with every change, and its tests pass."""
    if not shutil.which("git"):
        pytest.skip("the report on the API needs git")
    checkout, python = tmp_path / "checkout", sys.executable
    page = prepare(checkout)
    check = [python, "scripts/check_docs.py", str(page)]

    rows = json.loads(run(checkout, *check, "--format", "json", code=11))["differences"]
    additions = {"rate", "request.mgnMode.values", "request.instId.limit", "request.newThing", "response.newAmount"}
    severities = {row["place"]: row["severity"] for row in rows if row["severity"] != "wording"}
    assert severities == dict.fromkeys(additions, "additive")
    assert "decide   getMaxLoan" in run(checkout, *check, "--write", code=10)
    report = run(checkout, python, "scripts/regenerate.py")
    assert "generated/ was regenerated" in report
    assert f"which calls for {Report([], ['x'], []).bump(version(checkout))} " in report
    assert "okx_maxloan_sdk.MaxLoan.new_amount" in report
    assert "okx_maxloan_api.contract.ExtraParameters.new_thing" in report
    assert "### Breaking" not in report

    limit, parameters = GET_MAX_LOAN.limit, {each.name: each for each in GET_MAX_LOAN.parameters}
    generated = checkout / "generated" / "okx_maxloan_api" / "__init__.py"
    assert json.loads(run(checkout, python, "-c", USE)) == {
        "packages": [str(checkout / "okx_maxloan_sdk" / "__init__.py"), str(generated)],
        "amounts": ["", "7"],
        "asked": [["BTC-USDT", ""]] * 4,
        "sent": ["x", "x"],
        "row": [*(each.name for each in GET_MAX_LOAN.fields), "newAmount"],
        "limit": [limit.requests + 10, limit.period],
        "items": parameters["instId"].max_items + 2,
        "modes": [*(each.value for each in parameters["mgnMode"].values), "newMode"],
    }
    check_command(checkout)
    check_guide(checkout)
    run(checkout, python, "-m", "ruff", "check", "--quiet", ".")
    run(checkout, python, "scripts/regenerate.py", "--check")
    run(checkout, python, "-m", "pytest", *TESTED, timeout=300)
