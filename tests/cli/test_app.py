"""The command as a whole: help, start-up, secrets, closed pipes, terminals."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from rich.cells import cell_len

import okx_maxloan_sdk.cli as package
from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.cli.app import main
from okx_maxloan_sdk.cli.base import COMMANDS
from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.mock import User
from okx_maxloan_sdk.mock.server import MockServer
from tests.support.clean_env import clean_env

from .conftest import Run

PROGRAM = [sys.executable, "-m", "okx_maxloan_sdk"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("room", [40, 80, 200])
@pytest.mark.parametrize("path", [(), *((name,) for name in COMMANDS)])
def test_help(run: Run, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...], room: int, lang: str) -> None:
    """Every help page fits its terminal, in cells, and explains options and exit codes."""
    monkeypatch.setenv("COLUMNS", str(room))
    code, out, err = run(*path, "--help", "--lang", lang)
    assert (code, err) == (0, "")
    assert {"en": "Exit codes: 0", "zh": "退出码：0"}[lang] in out
    assert "--debug" in out
    assert not re.search(r"\{\w+\}|None", out)
    before_examples = re.split("^(?:Examples:|示例：)$", out, flags=re.MULTILINE)[0]
    assert max(cell_len(line) for line in before_examples.splitlines()) <= min(room, 100)


def test_version(run: Run) -> None:
    """--version names the command and a version; without arguments the help page is shown."""
    assert re.fullmatch(r"okx-maxloan \d+\.\d+\.\d+\S*\n", run("--version").out)
    assert run("-V") == run("--version")
    assert run() == run("--help")


@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_internal_error(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    """A bug is a message that names --debug, which shows the traceback; credentials in its words are redacted."""
    user = exchange.key("spot")
    secrets = user.key, user.secret, user.passphrase

    def fail(*_: object, **__: object) -> None:
        raise LookupError(*secrets)

    monkeypatch.setattr(MaxLoanClient, "get_max_loan", fail)
    code, _, err = run("show", "BTC-USDT", *options)
    assert code == 1
    assert "Internal error: LookupError: ('***', '***', '***')" in err
    assert "--debug" in err
    assert ("Traceback" in err) == bool(options)
    assert not any(secret in err for secret in secrets)


def test_missing_extras(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the mock's server the error names the extra to install."""
    monkeypatch.delitem(sys.modules, "okx_maxloan_sdk.mock.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for command in (["show", "BTC-USDT", "--mock"], ["mock"]):
        code, out, err = run(*command)
        assert (code, out) == (1, "")
        assert 'uvicorn is missing; install it with: pip install "okx-maxloan-sdk[mock]"' in err


def test_replaced_standard_output(run: Run) -> None:
    """A stream without `reconfigure` in place of stdout gets the same output."""
    with contextlib.redirect_stdout(io.StringIO()) as simple:
        assert main(["--version"]) == 0
    assert simple.getvalue() == run("--version").out


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_unique(name: str) -> None:
    """No two options of a command share a name, so a parameter that OKX adds hides no option."""
    params = import_module(f"{package.__name__}.{name}").command().params
    for names in ([each.name for each in params], [opt for each in params for opt in each.opts]):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["--help"], {"httpx", "asyncio", "okx_maxloan_sdk.cli.show"}),
        (["show", "--help"], {"httpx", "httpcore", "asyncio", "uvicorn", "matplotlib", "plotext"}),
    ],
)
def test_start_up(arguments: list[str], unused: set[str]) -> None:
    """Help imports neither the mock server, a network library nor a chart library; the list imports no command."""
    program = f"import sys; from okx_maxloan_sdk.cli.app import main; main({arguments}); print(*sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=clean_env(), check=True, capture_output=True, text=True, timeout=20)
    assert not unused & set(done.stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        *("rules", "--help", "--version", "doctor --mock", "verify --mock", "completion bash"),
        *(f"show --all --mock --format {each}" for each in ("table", "json", "ndjson", "csv")),
        *(f"watch BTC-USDT --mock --every 1ms --format {each}" for each in ("table", "tsv", "ndjson")),
    ],
)
def test_closed_pipe(command: str) -> None:
    """A closed pipe exits with 141 and without a traceback."""
    with subprocess.Popen([*PROGRAM, *command.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (ExitCode.BROKEN_PIPE, b"")


@pytest.mark.skipif(os.name != "posix", reason="it takes sh")
@pytest.mark.parametrize("arguments", ["show BTC-USDT --mock", "watch BTC-USDT --mock --count 1", "--version"])
def test_closed_output(arguments: str) -> None:
    """With standard output closed the command works without output."""
    command = ["sh", "-c", f"exec '{sys.executable}' -m okx_maxloan_sdk {arguments} >&-"]
    done = subprocess.run(command, stderr=subprocess.PIPE, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("variable", ["OKX_BASE_URL", "OKX_LIMITER"])
@pytest.mark.parametrize("command", ["show BTC-USDT", "watch BTC-USDT --count 1", "doctor", "verify"])
@pytest.mark.parametrize("scheme", ["https", "redis", "pigeon"])
@pytest.mark.usefixtures("exchange")
def test_passwords_in_urls(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, command: str, scheme: str) -> None:
    """User and password of a URL are never shown, whether the URL is valid or not."""
    monkeypatch.setenv(variable, f"{scheme}://some-user:p%40ss/w0rd@127.0.0.1:9")
    _, out, err = run(*command.split(), "--debug")
    assert not re.search("some-user|w0rd|p%40ss|p@ss", out + err)


EVIL = "\x1b]0;evil\x07\x9b31m\x00\n\u202e"
EVIL_ROW = {"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": EVIL, "maxLoan": "1", "ccy": "BTC", "side": EVIL}


@pytest.mark.parametrize(
    "command",
    [
        *(f"show BTC-USDT --format {each}" for each in ("table", "json", "ndjson", "csv")),
        "show --all --format table",
        *(f"watch BTC-USDT --count 1 --every 1ms --alert BTC>0 --format {each}" for each in ("table", "tsv", "ndjson")),
        "doctor",
        "verify",
    ],
)
def test_control_characters(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """No control character that the exchange sends reaches the terminal, or forges a line or a column."""
    config = User.config_row
    monkeypatch.setattr(User, "config_row", lambda *args: {**config(*args), "uid": EVIL, "perm": f"read_only,{EVIL}"})
    body = json.dumps({"code": "0", "msg": "", "data": [{**EVIL_ROW, "new": [EVIL]}]})
    exchange.exchange.fail_next(99, status=200, html=body, path="/api/v5/account/max-loan")
    monkeypatch.setenv("COLUMNS", "200")
    result = run(*command.split())
    written = result.out + result.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", written.replace("\t", ""))
    assert "evil" in written
