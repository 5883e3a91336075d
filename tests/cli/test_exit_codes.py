"""Exit codes, which mean the same for every command, and the messages of usage errors."""

import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server
from tests.support.processes import interrupt

from .conftest import Run

USAGE_ERRORS = tomllib.loads(Path(__file__).with_name("usage_errors.toml").read_text("utf-8"))
LOANS, CONFIG = "/api/v5/account/max-loan", "/api/v5/account/config"
NO_ROWS: dict[str, Any] = {"n": 99, "status": 200, "html": '{"code": "0", "msg": "", "data": []}', "path": LOANS}
ONCE = "watch BTC-USDT --every 1ms --count 1"
TWICE = "watch BTC-USDT --every 1ms --count 2"

# Command, planned failure of the exchange, exit code, where no other test expects it.
TABLE: list[tuple[str, dict[str, Any], ExitCode]] = [
    (ONCE, {}, ExitCode.OK),
    # No response.
    ("show BTC-USDT", {"n": 99, "code": "50001"}, ExitCode.FAILURE),
    (TWICE, {"n": 99, "code": "50064", "path": LOANS}, ExitCode.FAILURE),
    ("doctor", {"code": "50110", "path": CONFIG}, ExitCode.FAILURE),
    ("verify", {"code": "50120", "path": LOANS}, ExitCode.FAILURE),
    # Invalid credentials or settings.
    ("show BTC-USDT", {"code": "50113"}, ExitCode.USAGE),
    (f"{ONCE} --limiter pigeon:x", {}, ExitCode.USAGE),
    (f"{ONCE} --profile nobody", {}, ExitCode.USAGE),
    # A partial response.
    ("show BTC-USD", {}, ExitCode.PARTIAL),
    ("show BTC-USDT BTC-USD", {}, ExitCode.PARTIAL),
    (TWICE, NO_ROWS, ExitCode.PARTIAL),
    (TWICE, {"code": "50064", "path": LOANS}, ExitCode.PARTIAL),
]


@pytest.mark.parametrize(("command", "failure", "code"), TABLE, ids=lambda each: str(each)[:60])
def test_table(run: Run, exchange: MockServer, command: str, failure: dict[str, Any], code: ExitCode) -> None:
    """The exit code says how the command ended, and stderr or the report gives the reason."""
    if failure:
        exchange.exchange.fail_next(**failure)
    exit_code, out, err = run(*command.split())
    assert exit_code == code
    assert bool(err) == (code != ExitCode.OK) or command in ("doctor", "verify")
    assert out or code in (ExitCode.FAILURE, ExitCode.USAGE, ExitCode.PARTIAL)


@pytest.mark.parametrize(
    ("kind", "command", "message"),
    [(kind, *each) for kind, messages in USAGE_ERRORS.items() for each in messages.items()],
)
def test_usage_errors(run: Run, history: Path, kind: str, command: str, message: str) -> None:
    """A usage error exits with 2, names the error and the nearest word, and says where help is."""
    code, out, err = run(*shlex.split(command.format(history=history)))
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith("okx-maxloan: ")
    assert message in err
    if kind == "parsing":
        assert err.endswith("--help\n")
    assert "internal error" not in err.lower()


@pytest.mark.parametrize("command", sorted({*USAGE_ERRORS["parsing"]} - {"show --lang cn"}))
def test_chinese_parsing_errors(run: Run, history: Path, command: str) -> None:
    """In Chinese click's own messages are Chinese, with Chinese punctuation."""
    name, *arguments = command.format(history=history).split()
    message = run(name, "--lang=zh", *arguments).err.splitlines()[0].partition(": ")[2]
    without_literals = re.sub(r"'[^']*'|（[^）]*）|x>=1|(?:[a-z_]+、)+[a-z_]+|BTC-USDT|(?<=输入 )[a-z]+", "x", message)
    assert re.search("[\u4e00-\u9fff]", message)
    assert not re.search("[A-Za-z.:;]{2,}|[。：？] |\\.$", without_literals)


@pytest.mark.skipif(os.name != "posix", reason="Windows interrupts programs in another way")
@pytest.mark.parametrize(
    "command",
    [
        "show BTC-USDT",
        "show --all",
        "show BTC-USDT ETH-USDT SOL-USDT XRP-USDT ADA-USDT DOT-USDT LTC-USDT",
        "watch BTC-USDT --every 1h",
        "watch BTC-USDT --every 1h --mock",
        "doctor",
        "verify",
    ],
)
def test_interrupt(command: str) -> None:
    """Ctrl-C exits with 130 within a second, even while a request waits for its response."""
    with run_mock_server() as server:
        server.exchange.fail_next(99, delay=30)
        environ = {**os.environ, **server.environment(), "PYTHONUNBUFFERED": "1"}
        arguments = [sys.executable, "-m", "okx_maxloan_sdk", *command.split()]
        process = subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            if "--mock" in command:
                assert process.stdout is not None
                process.stdout.readline()
            else:
                while not server.exchange.log:
                    time.sleep(0.01)
            begun = time.monotonic()
            errors = interrupt(process)
            duration = time.monotonic() - begun
    assert (process.returncode, errors.strip()) == (ExitCode.INTERRUPTED, "")
    assert duration < 1
