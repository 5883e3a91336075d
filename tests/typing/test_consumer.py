"""Typing: pyright accepts valid calls and rejects invalid ones, as mypy does in `make types`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("consumer.py").read_text("utf-8")
EXPECTED_ERROR = re.compile(r"  # type: ignore\[[a-z-]+\] # .*")
SETTINGS = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT), str(ROOT / "generated")]}


def test_pyright(tmp_path: Path) -> None:
    """Pyright reports each wrong line, and nothing else, to a user of the installed package."""
    (tmp_path / "consumer.py").write_text(EXPECTED_ERROR.sub("", SOURCE), "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(SETTINGS), "utf-8")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(SETTINGS["extraPaths"])}
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "consumer.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)
    errors = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    expected = [number for number, line in enumerate(SOURCE.splitlines()) if EXPECTED_ERROR.search(line)]
    assert sorted({each["range"]["start"]["line"] for each in errors}) == expected, errors
