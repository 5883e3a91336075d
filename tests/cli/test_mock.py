"""Command okx-maxloan mock."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.cli.i18n import use_language
from okx_maxloan_sdk.cli.mock import banner
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import serve

from .conftest import Run

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows interrupts programs, and names failures, in other ways")


@POSIX
@pytest.mark.parametrize(("number", "codes"), [(signal.SIGINT, {ExitCode.INTERRUPTED}), (signal.SIGTERM, {0, -15})])
def test_serving(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals, codes: set[int]
) -> None:
    """With the printed variables, `show` and `from_env()` query the scenario until a signal stops the exchange."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[users.bot]\nmode = "futures"\nbalances = { USDT = "1000" }\n')
    command = [sys.executable, "-m", "okx_maxloan_sdk", "mock", "--scenario", str(scenario), "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        assert "bot (futures)" in lines[0]
        for name, value in re.findall(r"^export (\w+)=(.*)$", "".join(lines), re.MULTILINE):
            monkeypatch.setenv(name, value)
        code, out, err = run("show", "BTC-USDT", "--mode", "isolated")
        with MaxLoanClient.from_env() as client:
            assert len(client.get_max_loan("BTC-USDT", mgn_mode="isolated")) == 2
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode in codes
    assert (code, err) == (0, "")
    assert "isolated" in out
    assert "Traceback" not in errors


@POSIX
def test_port_in_use(run: Run) -> None:
    """A port that another program uses is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run("mock", "--port", str(port))
    assert (code, out) == (1, "")
    assert f"Port {port} is in use" in err


def test_chinese(run: Run) -> None:
    """In Chinese the banner and the errors are Chinese."""
    with use_language("zh"):
        lines = banner(default_exchange(), "http://127.0.0.1:1", "spot").splitlines()
    assert lines[0].startswith("# 用户：spot (spot)、")
    assert lines[-1] == "# 按 Ctrl-C 结束"
    assert "mock 交易所没有用户 'sopt'" in run("mock", "--user", "sopt", "--lang", "zh").err


@pytest.mark.skipif(not all(map(shutil.which, ("sh", "curl", "openssl"))), reason="it takes sh, curl and openssl")
@pytest.mark.parametrize("user", [*default_exchange().users, "demo trading"])
def test_curl(user: str) -> None:
    """The printed variables and curl command, pasted into a shell, get a response to a signed request."""
    exchange = default_exchange()
    if user == "demo trading":
        exchange.users = {user: exchange.users["spot"]}
        exchange.users[user].keys.reverse()
    with serve(exchange) as url:
        command = [shutil.which("sh") or "sh", "-c", banner(exchange, url, user)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    response = json.loads(done.stdout)
    # Without borrowing, Spot mode has no request with rows.
    assert (response["code"], len(response["data"])) == (("51010", 0) if user == "spot_plain" else ("0", 2))
