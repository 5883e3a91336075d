"""Command okx-maxloan verify: its module, and --open-questions; cases.toml has the differences it finds."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from okx_maxloan_api.contract import OpenQuestion, Outcome

from okx_maxloan_sdk.cli import verify as open_questions
from okx_maxloan_sdk.cli.config import Settings
from okx_maxloan_sdk.mock.server import MockServer
from okx_maxloan_sdk.verify import open_questions as verify_questions

from .conftest import Run

LOANS = "/api/v5/account/max-loan"
COMMAND = ("verify", "--open-questions")
# Two that remain when OKX's responses have settled those of the spec.
SPOT = ({"account.mode": ("spot",)},)
BARE = Outcome("bare", {"result": ("rows",)}, ("a-rule",), ("another",), (), "With rows.", "有结果。")
ERROR_RESPONSE = Outcome("refused", {"result": ("refused",)}, (), (), ("pair-or-currency",), "Rejected.", "被拒绝。")
ROW = OpenQuestion("row", SPOT, {"mgnMode": "cross", "ccy": "USDT"}, (), (BARE,), "Which?", "哪个？")
PAIR = ROW._replace(id="pair", query={"mgnMode": "cross", "instId": "BTC-USDT"}, outcomes=(BARE, ERROR_RESPONSE))
NO_PAIR = PAIR._replace(query={"mgnMode": "cross", "instId": "NO-PAIR"})


@pytest.fixture(autouse=True)
def _questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide two open questions."""
    for module in (open_questions, verify_questions):
        monkeypatch.setattr(module, "OPEN_QUESTIONS", (ROW, PAIR))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_dry_run(run: Run, lang: str) -> None:
    """Without keys, every open question is listed with its request, in each language."""
    code, out, err = run(*COMMAND, "--dry-run", "--lang", lang)
    assert (code, err) == (0, "")
    assert out.startswith("GET /api/v5/public/time\nGET /api/v5/account/config\nGET /api/v5/account/instruments")
    for each in (ROW, PAIR):
        assert f"{each.id}: {each.zh if lang == 'zh' else each.en}\n  GET {LOANS}?mgnMode=" in out


@pytest.mark.parametrize(
    ("lang", "verdict"),
    [
        ("en", "=> With rows.\n     confirms the rule a-rule\n     supports the rule another, in part"),
        ("zh", "=> 有结果。\n     证实规则 a-rule\n     部分支持规则 another"),
    ],
)
def test_responses(run: Run, lang: str, verdict: str) -> None:
    """Each response is shown with its request, status, code and verdict."""
    code, out, err = run(*COMMAND, "--mock", "--lang", lang)
    assert (code, err) == (0, "")
    assert f"GET {LOANS}?mgnMode=cross&ccy=USDT\n  HTTP 200" in out
    assert verdict in out


@pytest.mark.parametrize(
    ("codes", "exit_code", "message", "requests"),
    [
        (["50013"], 0, "1 of 2 questions", 2),
        (["50013", "51000"], 1, "refutes the rule pair-or-currency", 2),
        (["50113"], 2, "no verdict", 1),
    ],
)
def test_errors(run: Run, exchange: MockServer, codes: list[str], exit_code: int, message: str, requests: int) -> None:
    """A failed question hides no other, a refuted rule exits with 1, and rejected credentials are not sent again."""
    for code in codes:
        exchange.exchange.fail_next(1, code=code, path=LOANS)
    result = run(*COMMAND)
    assert result.code == exit_code
    assert message in result.out
    assert [LOANS in each.target for each in exchange.exchange.log].count(True) == requests


def test_questions_for_other_accounts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that the account or its pairs do not allow is left out, and that is no failure."""
    monkeypatch.setattr(verify_questions, "OPEN_QUESTIONS", (ROW, NO_PAIR))
    code, out, _ = run(*COMMAND, "--mock")
    assert (code, "left out: NO-PAIR" in out, "1 of 1 questions" in out) == (0, True, True)
    code, out, _ = run(*COMMAND, "--mock-user", "futures")
    assert (code, "0 of 0 questions" in out) == (0, True)


def test_report(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """The file has the date, the settings and the responses, the output a block with the same; neither a credential."""
    file, today = tmp_path / "answers.json", datetime.now(UTC).date()
    code, out, _ = run(*COMMAND, "--report", str(file))
    assert code == 0
    report = json.loads(file.read_text("utf-8"))
    assert today <= date.fromisoformat(report["date"]) <= datetime.now(UTC).date()
    assert (report["site"], report["trading"], report["account"]["account.mode"]) == ("mock", "live", "spot")
    first = report["answers"][0]
    assert (first["question"], first["outcome"]) == ("row", "bare")
    assert (first["sent"], first["rows"][0]["ccy"]) == (f"GET {LOANS}?mgnMode=cross&ccy=USDT", "USDT")
    assert json.loads(out.partition("```json\n")[2].partition("\n```")[0]) == report
    assert "| row | bare | 200 | 0 | 1 |" in out
    key = exchange.key("spot")
    assert not any(secret in out + file.read_text("utf-8") for secret in (key.key, key.secret, key.passphrase))


@pytest.mark.parametrize(("name", "requests"), [("", 0), ("no-such-folder/answers.json", 0), ("answers.json", 1)])
def test_no_report(run: Run, exchange: MockServer, tmp_path: Path, name: str, requests: int) -> None:
    """A file that cannot be written ends the run before anything is sent; a run that fails creates none."""
    exchange.exchange.fail_next(9, code="50026")
    code, _, err = run(*COMMAND, "--report", str(tmp_path / name))
    assert code in (1, 2)
    assert str(tmp_path) in err or requests
    assert len(exchange.exchange.log) == requests
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "site"),
    [
        ({"site": "eea"}, "eea"),
        ({"base_url": "https://openapi.okx.com/"}, "global"),
        ({"base_url": "https://www.okx.com"}, "global"),
        ({"base_url": "https://app.okx.com"}, "us"),
        ({"base_url": "https://okx.example"}, "other"),
        ({"base_url": "http://127.0.0.1:8080"}, "mock"),
        ({"is_mock": True}, "mock"),
    ],
)
def test_site(settings: dict[str, Any], site: str) -> None:
    """A report names the site for any of OKX's addresses, and no other host."""
    assert open_questions._site(Settings("k", "s", "p", "-", **settings)) == site


def test_module() -> None:
    """`python -m okx_maxloan_sdk.verify` is the same command."""
    command = [sys.executable, "-m", "okx_maxloan_sdk.verify", "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "没有找到 API key" in done.stderr
