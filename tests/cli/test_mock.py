"""okx-maxloan mock."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Run

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows interrupts programs, and names failures, in other ways")
PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"


@POSIX
def test_what_it_prints_can_be_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines to paste into a shell make `show` ask the exchange that is served; Ctrl-C ends it."""
    command = [sys.executable, "-c", PROGRAM, "mock", "--user", "futures"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        for line in served.stdout:
            if found := re.fullmatch(r"export (\w+)=(.*)\n", line):
                monkeypatch.setenv(*found.groups())
            if "Ctrl-C" in line:
                break
        shown = run("show", "BTC-USDT", "--mode", "isolated")
        served.send_signal(signal.SIGINT)
        _, errors = served.communicate(timeout=20)
    assert (shown.code, shown.err) == (0, "")
    assert "isolated" in shown.out
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--user", "sopt"], 2, "'sopt'"),
        (["--port", "99999"], 2, "--port"),
        (["--scenario", "none.toml"], 2, "none.toml"),
        pytest.param(["--port", "{taken}"], 1, "address already in use", marks=POSIX),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], code: int, words: str) -> None:
    """What cannot be served is a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = run("mock", *(each.format(taken=taken.getsockname()[1]) for each in arguments))
    assert (found.code, found.out) == (code, "")
    assert words in found.err.lower()
    assert "should not have happened" not in found.err
