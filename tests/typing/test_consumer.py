"""Typing: what a program may ask passes strict type checkers, and what it must not is an error of theirs."""

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
    """Write the program without what silences its errors."""
    copy = tmp_path_factory.mktemp("consumer") / "consumer.py"
    copy.write_text(EXPECTED.sub("", CONSUMER.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def expected() -> dict[int, str]:
    """List the lines that are to be errors, with mypy's code for each."""
    lines = enumerate(CONSUMER.read_text(encoding="utf-8").splitlines(), 1)
    return {number: found[1] for number, line in lines if (found := EXPECTED.search(line))}


def run(folder: Path, *command: str) -> str:
    """Run a type checker as a user of the package would, who has it installed."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    environment = {**os.environ, "MYPYPATH": paths, "PYTHONPATH": paths}
    line = [sys.executable, "-m", *command]
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_mypy(program: Path) -> None:
    """Under --strict mypy finds each wrong line, for the reason expected, and nothing else."""
    out = run(program.parent, "mypy", "--strict", "--no-error-summary", "--hide-error-context", program.name)
    found = re.findall(r"^consumer\.py:(\d+): error: .*\[([a-z-]+)\]$", out, re.MULTILINE)
    assert {(int(line), code) for line, code in found} == set(expected().items()), out


def test_pyright(program: Path) -> None:
    """Pyright finds each wrong line, and nothing else."""
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT), str(ROOT / "generated")]}
    program.with_name("pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    out = run(program.parent, "pyright", "--pythonpath", sys.executable, "--outputjson", program.name)
    wrong = {
        each["range"]["start"]["line"] + 1: each["message"]
        for each in json.loads(out)["generalDiagnostics"]
        if each["severity"] == "error"
    }
    assert sorted(wrong) == sorted(expected()), wrong


def test_there_is_enough() -> None:
    """The combinations that the issue names are among the wrong lines."""
    text = CONSUMER.read_text(encoding="utf-8")
    for words in (
        'ccy="USDT", mgn_ccy="BTC"',
        '"BTC-USDT", mgn_mode="isolated", trade_quote_ccy="USDC"',
        'mgn_mode="isolated", ccy="USDT"',
        '"BTC-USDT", mgn_mode="croos"',
    ):
        assert re.search(re.escape(words) + r"\)  # type: ignore", text)
