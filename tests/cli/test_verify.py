"""Command okx-maxloan verify: the environment, profiles, and as a module; cases.toml has the differences it finds."""

import os
import subprocess
import sys

import pytest

from .conftest import Run


def test_environment(run: Run) -> None:
    """The environment is unchanged afterwards."""
    before = dict(os.environ)
    assert run("verify", "--mock").code == 0
    assert dict(os.environ) == before


@pytest.mark.usefixtures("profiles")
def test_profile(run: Run) -> None:
    """A profile is checked in the same way as the environment."""
    code, out, _ = run("verify", "--profile", "futures")
    assert code == 0
    assert "Futures mode" in out
    assert "config.toml [futures]" in out


@pytest.mark.parametrize(
    ("options", "code", "out", "err"),
    [
        (["--mock-user", "portfolio", "--lang", "en"], 0, "portfolio-cross: 2 rows", ""),
        (["--lang", "zh"], 2, "", "没有找到 API key"),
    ],
)
def test_module(options: list[str], code: int, out: str, err: str) -> None:
    """`python -m okx_maxloan_sdk.verify` is the same command."""
    command = [sys.executable, "-m", "okx_maxloan_sdk.verify", *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == code
    assert out in done.stdout
    assert err in done.stderr
