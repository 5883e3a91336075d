"""The whole road: a page changes, spec, lock and client follow, and what is tested holds with the new facts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from api_change import Report, version
from okx_maxloan_api.contract import GET_MAX_LOAN

from tests.docs.road import WALKED, prepare, run

if TYPE_CHECKING:
    from pathlib import Path

USE = """
import json, sys
import okx_maxloan_api, okx_maxloan_sdk
from okx_maxloan_api.contract import GET_MAX_LOAN
from okx_maxloan_sdk import MaxLoan, endpoint
from okx_maxloan_sdk.mock.running import running

row = {"maxLoan": "1", "ccy": "BTC", "newAmount": "7"}
(old,), (new,) = (endpoint.rows(GET_MAX_LOAN, [each], None) for each in ({"maxLoan": "1", "ccy": "BTC"}, row))
with running() as mock:
    loans = mock.client("spot").max_loan(mgn_mode="cross", inst_id="BTC-USDT", new_thing="x")
(instruments,) = (each for each in GET_MAX_LOAN.parameters if each.name == "instId")
(modes,) = (each for each in GET_MAX_LOAN.parameters if each.name == "mgnMode")
print(json.dumps({
    "packages": [okx_maxloan_sdk.__file__, okx_maxloan_api.__file__],
    "amounts": [MaxLoan.from_dict(each).new_amount for each in (old, new)],
    "asked": [(each.inst_id, each.new_amount) for each in loans],
    "limit": GET_MAX_LOAN.limit[:2], "items": instruments.max_items, "modes": [each.value for each in modes.values],
}))
"""
# What counts by the facts that changed and is quick; `python -m tests.docs.road` runs all of `make test`.
TESTED = (
    *(f"tests/test_{name}.py" for name in ("batch", "call", "client", "endpoint", "errors", "rules")),
    *(f"tests/test_spec.py::test_{name}" for name in ("valid", "every_parameter_and_field_of_the_page")),
    *(f"tests/cli/test_{name}.py" for name in ("alerts", "record", "render", "rules", "screen")),
    *(f"tests/contract/test_mock.py::test_the_mock_raises_no_alarm[{name}]" for name in ("corpus", "limit")),
    *("tests/mock/test_exchange.py", "tests/contract/test_oracle.py"),
    "tests/contract/test_sdk.py::test_the_sdk_raises_no_alarm",
)


@pytest.mark.skipif(WALKED in os.environ, reason="this is the copy in which the road was walked")
def test_from_the_page_to_green_tests(tmp_path: Path) -> None:
    """A changed page goes through check, --write and regenerate into a client that has it all, and passes its tests."""
    if not shutil.which("git"):
        pytest.skip("the report on the API needs git")
    checkout, python = tmp_path / "checkout", sys.executable
    page = prepare(checkout)
    check = [python, "scripts/check_docs.py", str(page)]

    rows = json.loads(run(checkout, *check, "--format", "json", code=11))["differences"]
    assert {row["place"]: row["severity"] for row in rows if row["severity"] != "wording"} == {
        "rate": "additive",
        "request.mgnMode.values": "additive",
        "request.instId.limit": "additive",
        "request.newThing": "additive",
        "response.newAmount": "additive",
    }
    assert "decide   getMaxLoan" in run(checkout, *check, "--write")
    report = run(checkout, python, "scripts/regenerate.py")
    assert "generated/ was regenerated" in report
    assert f"which calls for {Report([], ['x'], []).bump(version(checkout))} " in report
    assert "okx_maxloan_sdk.MaxLoan.new_amount" in report
    assert "okx_maxloan_api.contract.NewParameters.new_thing" in report
    assert "### Breaking" not in report

    limit, parameters = GET_MAX_LOAN.limit, {each.name: each for each in GET_MAX_LOAN.parameters}
    generated = checkout / "generated" / "okx_maxloan_api" / "__init__.py"
    assert json.loads(run(checkout, python, "-c", USE)) == {
        "packages": [str(checkout / "okx_maxloan_sdk" / "__init__.py"), str(generated)],
        "amounts": ["", "7"],
        "asked": [["BTC-USDT", ""], ["BTC-USDT", ""]],
        "limit": [limit.requests + 10, limit.period],
        "items": parameters["instId"].max_items + 2,
        "modes": [*(each.value for each in parameters["mgnMode"].values), "newMode"],
    }
    run(checkout, python, "-m", "ruff", "check", "--quiet", ".")
    run(checkout, python, "scripts/regenerate.py", "--check")
    run(checkout, python, "-m", "pytest", *TESTED, timeout=300)
