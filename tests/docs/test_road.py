"""The whole road: a page changes, spec, lock and client follow, and the new field is on MaxLoan."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from docs.spec import Spec

from tests.docs.conftest import ROOT
from tests.docs.pages import PAGES, PATH, Page, Row, both

if TYPE_CHECKING:
    from pathlib import Path

    from docs.facts import Facts

PARTS = ("spec", "scripts", "generated", "okx_maxloan_sdk")
WORDS = {"en": {"required": "Yes", "optional": "No"}, "zh": {"required": "是", "optional": "否"}}
LIMIT = {"en": "\nMultiple, no more than {}", "zh": "\n支持多个（不超过{}个）"}
RATE = {"en": "Rate Limit: {} requests per {} seconds", "zh": "限速：{}次/{}s"}


def page(facts: Facts, language: str) -> Page:
    """Write a page that says what the spec says, so that this test holds whatever OKX changes."""

    def about(name: str, values: tuple[str, ...], limit: int | None) -> str:
        listed = f"\n{' '.join(f'`{each}`' for each in values)}" if values else ""
        return f"About {name}{LIMIT[language].format(limit) if limit else ''}{listed}"

    request = tuple(
        Row(name, about(name, each.values, each.limit), WORDS[language][each.required])
        for name, each in facts.request.items()
    )
    response = tuple(Row(name, about(name, each.values, None)) for name, each in facts.response.items())
    rate = RATE[language].format(*facts.rate[0])
    return PAGES[language].but(request=request, response=response, rate=rate, sample=tuple(facts.response))


def changed(old: Page, facts: Facts) -> Page:
    """Make five changes: a parameter, a field, a value, the rate limit and the limit of items."""
    language = old.language
    (requests, period), limit = facts.rate[0], facts.request["instId"].limit
    assert limit
    new = old.with_row("request", Row("newThing", "What it is for", WORDS[language]["optional"]))
    new = new.with_row("response", Row("newAmount", "How much of it"), 2)
    modes = " ".join(f"`{each}`" for each in (*facts.request["mgnMode"].values, "newMode"))
    new = new.row("request", "mgnMode", about=f"Kind\n{modes}")
    new = new.row("request", "instId", about=f"Pairs{LIMIT[language].format(limit + 2)}")
    return new.but(rate=RATE[language].format(requests + 10, period))


def run(checkout: Path, *command: str, code: int = 0) -> str:
    """Run a command in the copy, with the copy's own packages."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout), str(checkout / "generated")])}
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


USE = """
import json, sys
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
    "amounts": [MaxLoan.from_dict(each).new_amount for each in (old, new)],
    "asked": [(each.inst_id, each.new_amount) for each in loans],
    "limit": GET_MAX_LOAN.limit[:2], "items": instruments.max_items, "modes": [each.value for each in modes.values],
}))
"""


def test_from_the_page_to_the_client(tmp_path: Path) -> None:
    """A changed page goes through check, --write and regenerate into a client that has it all, and a version for it."""
    if not shutil.which("git"):
        pytest.skip("the report on the API needs git")
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", ".new-*"))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(
        re.sub(r'^version = ".*"', 'version = "1.2.3"', project, flags=re.MULTILINE)
    )
    before = Spec((tmp_path / "spec" / "openapi.yaml").read_text("utf-8")).facts("GET", PATH)
    pages = {name: tmp_path / f"{name}.md" for name in ("old", "new")}
    old = [page(before, language) for language in ("en", "zh")]
    pages["old"].write_bytes(both("markdown", *old))
    pages["new"].write_bytes(both("markdown", *(changed(each, before) for each in old)))
    check = [sys.executable, "scripts/check_docs.py"]

    run(tmp_path, *check, str(pages["old"]), "--write")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", "v1.2.3"]):
        run(tmp_path, *git, *command)

    rows = json.loads(run(tmp_path, *check, str(pages["new"]), "--format", "json", code=11))["differences"]
    assert {row["place"]: row["severity"] for row in rows if row["severity"] != "wording"} == {
        "rate": "additive",
        "request.mgnMode.values": "additive",
        "request.instId.limit": "additive",
        "request.newThing": "additive",
        "response.newAmount": "additive",
    }
    said = run(tmp_path, *check, str(pages["new"]), "--write")
    assert "decide   getMaxLoan" in said
    report = run(tmp_path, sys.executable, "scripts/regenerate.py")
    assert "generated/ was regenerated" in report
    assert "which calls for 1.3.0" in report
    assert "okx_maxloan_sdk.MaxLoan.new_amount" in report
    assert "okx_maxloan_api.contract.NewParameters.new_thing" in report
    assert "### Breaking" not in report
    (requests, period), limit = before.rate[0], before.request["instId"].limit
    assert limit
    used = json.loads(run(tmp_path, sys.executable, "-c", USE))
    assert used == {
        "amounts": ["", "7"],
        "asked": [["BTC-USDT", ""], ["BTC-USDT", ""]],
        "limit": [requests + 10, period],
        "items": limit + 2,
        "modes": [*before.request["mgnMode"].values, "newMode"],
    }
