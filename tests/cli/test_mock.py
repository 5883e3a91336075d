"""Command okx-maxloan mock."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.cli.mock import banner
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.serve import serve
from tests.support.processes import interrupt

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Run

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows interrupts programs, and names failures, in other ways")
PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"


@POSIX
def test_printed_variables_can_be_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the printed variables, `show` queries the served exchange; Ctrl-C stops it with 130."""
    command = [sys.executable, "-c", PROGRAM, "mock", "--user", "futures"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if result := re.fullmatch(r"export (\w+)=(.*)\n", line):
                monkeypatch.setenv(*result.groups())
            if "Ctrl-C" in line:
                break
        shown = run("show", "BTC-USDT", "--mode", "isolated")
        errors = interrupt(process)
        assert process.returncode == ExitCode.INTERRUPTED
    assert (shown.code, shown.err) == (0, "")
    assert "isolated" in shown.out
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--user", "sopt"], 2, "'sopt'"),
        (["--port", "99999"], 2, "--port"),
        (["--scenario", "none.toml"], 2, "none.toml"),
        pytest.param(["--port", "{taken}"], 1, "port {taken} is in use", marks=POSIX),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], code: int, message: str) -> None:
    """A wrong argument is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("mock", *(each.format(taken=port) for each in arguments))
    assert (result.code, result.out) == (code, "")
    assert message.format(taken=port) in result.err.lower()
    assert "internal error" not in result.err.lower()


def test_chinese(run: Run) -> None:
    """In Chinese the banner and the errors are Chinese."""
    exchange = default_exchange()
    lines = banner("zh", exchange, "http://127.0.0.1:1", "spot").splitlines()
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
        script = banner("en", exchange, url, user)
        command = [shutil.which("sh") or "sh", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    response = json.loads(done.stdout)
    # Without borrowing, Spot mode has no request with rows.
    assert (response["code"], len(response["data"])) == (("51010", 0) if user == "spot_plain" else ("0", 2))


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the printed variables, `from_env()` creates a client of the exchange."""
    exchange = default_exchange()
    with serve(exchange) as url:
        for line in banner("en", exchange, url, "futures").splitlines():
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                monkeypatch.setenv(name, value)
        with MaxLoanClient.from_env() as client:
            assert len(client.get_max_loan("BTC-USDT", mgn_mode="isolated")) == 2


@POSIX
def test_scenario_and_termination(tmp_path: Path) -> None:
    """The process serves a scenario, prints its users, and stops on SIGTERM without a traceback."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[users.bot]\nmode = "futures"\n')
    command = [sys.executable, "-m", "okx_maxloan_sdk", "mock", "--scenario", str(scenario), "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "bot (futures)" in process.stdout.readline()
        assert "export OKX_BASE_URL=http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert process.returncode in (0, -15)
    assert "Traceback" not in errors
