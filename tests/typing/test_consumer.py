"""Typing: strict type checkers accept valid calls and reject invalid ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSUMER = Path(__file__).with_name("consumer.py")
EXPECTED = re.compile(r"  # type: ignore\[([a-z-]+)\] # .*")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the program without the comments that silence its errors."""
    copy = tmp_path_factory.mktemp("consumer") / "consumer.py"
    copy.write_text(EXPECTED.sub("", CONSUMER.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def expected() -> dict[int, str]:
    """List the lines that must be errors, with mypy's code for each."""
    lines = enumerate(CONSUMER.read_text(encoding="utf-8").splitlines(), 1)
    return {number: match[1] for number, line in lines if (match := EXPECTED.search(line))}


def run(folder: Path, *command: str) -> str:
    """Run a type checker as a user of the installed package does."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    environment = {**os.environ, "MYPYPATH": paths, "PYTHONPATH": paths}
    line = [sys.executable, "-m", *command]
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_mypy(program: Path) -> None:
    """Mypy --strict reports each wrong line with the expected code, and nothing else."""
    out = run(program.parent, "mypy", "--strict", "--no-error-summary", "--hide-error-context", program.name)
    reported = re.findall(r"^consumer\.py:(\d+): error: .*\[([a-z-]+)\]$", out, re.MULTILINE)
    assert {(int(line), code) for line, code in reported} == set(expected().items()), out


def test_pyright(program: Path) -> None:
    """Pyright reports each wrong line, and nothing else."""
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT), str(ROOT / "generated")]}
    program.with_name("pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    out = run(program.parent, "pyright", "--pythonpath", sys.executable, "--outputjson", program.name)
    reported_lines = {
        each["range"]["start"]["line"] + 1: each["message"]
        for each in json.loads(out)["generalDiagnostics"]
        if each["severity"] == "error"
    }
    assert sorted(reported_lines) == sorted(expected()), reported_lines


def test_every_required_combination_is_tested() -> None:
    """The wrong lines have every combination that is required."""
    text = CONSUMER.read_text(encoding="utf-8")
    for call in (
        'ccy="USDT", mgn_ccy="BTC"',
        '"BTC-USDT", mgn_mode="isolated", trade_quote_ccy="USDC"',
        'mgn_mode="isolated", ccy="USDT"',
        '"BTC-USDT", mgn_mode="croos"',
    ):
        assert re.search(re.escape(call) + r"\)  # type: ignore", text)
