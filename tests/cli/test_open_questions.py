"""Option --open-questions of okx-maxloan verify."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import OpenQuestion, Outcome

from okx_maxloan_sdk.cli import verify as open_questions
from okx_maxloan_sdk.cli.config import Settings
from okx_maxloan_sdk.verify import open_questions as verify_questions

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run


# Two that remain when OKX's responses have settled those of the spec.
SPOT = ({"account.mode": ("spot",)},)
BARE = Outcome("bare", {"result": ("rows",)}, ("a-rule",), ("another",), (), "With rows.", "有结果。")
ERROR_RESPONSE = Outcome("refused", {"result": ("refused",)}, (), (), ("pair-or-currency",), "Rejected.", "被拒绝。")
ROW = OpenQuestion("row", SPOT, {"mgnMode": "cross", "ccy": "USDT"}, (), (BARE,), "Which?", "哪个？", "-", "-")
PAIR = ROW._replace(id="pair", query={"mgnMode": "cross", "instId": "BTC-USDT"}, outcomes=(BARE, ERROR_RESPONSE))


@pytest.fixture(autouse=True)
def _questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide two open questions."""
    for module in (open_questions, verify_questions):
        monkeypatch.setattr(module, "OPEN_QUESTIONS", (ROW, PAIR))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_dry_run(run: Run, lang: str) -> None:
    """Without keys, every open question is listed with its request, in each language."""
    code, out, err = run("verify", "--open-questions", "--dry-run", "--lang", lang)
    assert (code, err) == (0, "")
    assert out.startswith("GET /api/v5/public/time\nGET /api/v5/account/config\nGET /api/v5/account/instruments")
    for each in (ROW, PAIR):
        assert f"{each.id}: {each.zh if lang == 'zh' else each.en}\n  GET /api/v5/account/max-loan?mgnMode=" in out


@pytest.mark.parametrize(
    ("lang", "verdict"),
    [
        ("en", "=> With rows.\n     confirms the rule a-rule\n     supports the rule another, in part"),
        ("zh", "=> 有结果。\n     证实规则 a-rule\n     部分支持规则 another"),
    ],
)
def test_responses(run: Run, lang: str, verdict: str) -> None:
    """Each response is shown with its request, status, code and verdict."""
    code, out, err = run("verify", "--open-questions", "--mock", "--lang", lang)
    assert (code, err) == (0, "")
    assert "GET /api/v5/account/max-loan?mgnMode=cross&ccy=USDT" in out
    assert verdict in out


def test_report(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """The file has the responses, the output a block with the same, and neither has a credential."""
    file = tmp_path / "answers.json"
    code, out, _ = run("verify", "--open-questions", "--report", str(file))
    assert code == 0
    report = json.loads(file.read_text("utf-8"))
    assert report["site"] == "mock"
    assert json.loads(out.partition("```json\n")[2].partition("\n```")[0]) == report
    assert "| row | bare | 200 | 0 | 1 |" in out
    key = exchange.key("spot")
    for secret in (key.key, key.secret, key.passphrase):
        assert secret not in out + file.read_text("utf-8")


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


@pytest.mark.parametrize("name", ["", "no-such-folder/answers.json"])
def test_unwritable_file(run: Run, exchange: MockServer, tmp_path: Path, name: str) -> None:
    """A report that cannot be written ends the run before anything is sent."""
    code, _, err = run("verify", "--open-questions", "--report", str(tmp_path / name))
    assert code != 0
    assert str(tmp_path) in err
    assert not exchange.exchange.log


def test_failed_run_creates_no_file(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """A run that fails before the open questions creates no file and sends nothing twice."""
    exchange.exchange.fail_next(9, code="50026")
    file = tmp_path / "answers.json"
    code, _, _ = run("verify", "--open-questions", "--report", str(file))
    assert code == 1
    assert not file.exists()
    assert len(exchange.exchange.log) == 1


def test_untradable_pairs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open question about a pair that the account cannot trade is skipped, and the pair is named."""
    other = PAIR._replace(query={"mgnMode": "cross", "instId": "NO-PAIR"})
    monkeypatch.setattr(verify_questions, "OPEN_QUESTIONS", (ROW, other))
    code, out, _ = run("verify", "--open-questions", "--mock")
    assert code == 0
    assert "left out: NO-PAIR" in out
    assert "1 of 1 questions" in out


def test_a_refuted_rule(run: Run, exchange: MockServer) -> None:
    """An enforced rule that turns out wrong exits with 1."""
    exchange.exchange.fail_next(1, code="50013", path="/api/v5/account/max-loan")
    exchange.exchange.fail_next(1, code="51000", path="/api/v5/account/max-loan")
    code, out, _ = run("verify", "--open-questions")
    assert code == 1
    assert "refutes the rule pair-or-currency" in out


def test_wrong_credentials(run: Run, exchange: MockServer) -> None:
    """Invalid credentials are not sent again, since OKX blocks addresses that repeat them."""
    exchange.exchange.fail_next(9, code="50113", path="/api/v5/account/max-loan")
    code, out, _ = run("verify", "--open-questions")
    assert code == 2
    assert "no verdict" in out
    assert [each.target for each in exchange.exchange.log if "max-loan" in each.target] == [
        "/api/v5/account/max-loan?mgnMode=cross&ccy=USDT"
    ]


def test_failure_of_one_question(run: Run, exchange: MockServer) -> None:
    """A failed open question does not hide the others."""
    exchange.exchange.fail_next(1, code="50013", path="/api/v5/account/max-loan")
    code, out, _ = run("verify", "--open-questions")
    assert code == 0
    assert "1 of 2 questions" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dry-run"], "add --open-questions"),
        (["--report", "x.json"], "add --open-questions"),
        (["--open-questions", "--profile", "a", "--profile", "b"], "one account"),
        (["--open-questions"], "No API key"),
    ],
)
def test_usage(run: Run, arguments: list[str], message: str) -> None:
    """Contradicting options, and missing keys, exit with 2 and say what to do."""
    code, _, err = run("verify", *arguments)
    assert code == 2
    assert message in err


def test_no_question_for_the_account(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account to which no open question applies is sent none, and that is no failure."""
    monkeypatch.setattr(verify_questions, "OPEN_QUESTIONS", ())
    code, out, _ = run("verify", "--open-questions", "--mock")
    assert code == 0
    assert "0 of 0 questions" in out
