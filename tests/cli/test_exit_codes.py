"""Usage errors and interruptions, whose exit codes are those of every command; cases.toml has the others."""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.mock.server import run_mock_server
from tests.support.cases import cases
from tests.support.processes import interrupt

from .conftest import Run

USAGE_ERRORS = cases(__file__)


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
