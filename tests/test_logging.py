"""Logging: the loggers and levels of the guide, without secrets."""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from okx_maxloan_sdk.mock.server import run_mock_server
from tests.support.clients import SECRET, ClientFactory
from tests.support.fake_transport import FakeTransport, loan_row, ok_response
from tests.support.raw import RawServer, respond, send_bytes

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "okx_maxloan_sdk"
MESSAGES = [
    r"retry 1 in \d\.\d+ s after ServiceUnavailableError",
    r"requests are signed \+(39\.9|40\.0)\d+ s from",
    r"odd row in the response to .*: a row has instId '\*\*\*'",
    r"a reused connection brought no response; 0 idle",
]


def log_calls() -> Iterator[tuple[str, str]]:
    """Return module and level of every call of a logger in the code."""
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Attribute(ast.Name("logger"), level)):
                    yield module, level.upper()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_guide_names_every_logger(lang: str) -> None:
    """The guide's table has a row for each module that logs, with its level, and no other."""
    text = (ROOT / "docs" / lang / "logging.md").read_text("utf-8")
    rows = re.findall(r"^\| `(okx_maxloan_sdk[\w.]+)` \| (\w+) \|", text, re.MULTILINE)
    assert set(rows) == set(log_calls())


def test_messages_of_calls(caplog: pytest.LogCaptureFixture) -> None:
    """Calls log retries, clocks, odd rows (redacted) and dropped connections; tests/limiter has the other messages."""
    caplog.set_level(logging.DEBUG, "okx_maxloan_sdk")
    with run_mock_server() as okx:
        okx.exchange.clock_skew = 40.0
        okx.exchange.fail_next(1, code="50013", path="/api/v5/account/max-loan")
        okx.client("spot").get_max_loan("BTC-USDT", mgn_mode="cross")
    odd_row = ok_response(loan_row("", ccy="USDT", side="", instId=SECRET))
    ClientFactory("sync").open(FakeTransport(odd_row)).get_max_loan(mgn_mode="cross", ccy="USDT")
    with RawServer(respond(), send_bytes(b""), respond()) as server:
        client = ClientFactory("sync").open(base_url=server.url)
        for _ in range(2):
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.close()
    for message, expected in zip([record.getMessage() for record in caplog.records], MESSAGES, strict=True):
        assert re.match(expected, message)
    assert SECRET not in caplog.text


def test_no_output_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    """Without logging configured a successful call prints nothing."""
    with run_mock_server() as okx:
        okx.client("spot").get_max_loan("BTC-USDT", mgn_mode="cross")
    assert capfd.readouterr() == ("", "")
