"""okx-maxloan completion."""

import os
import subprocess
import sys

import pytest

from .conftest import Run

# As its own name: completion depends on how the command was called.
PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(run: Run, shell: str) -> None:
    """Each shell gets a script that calls the command."""
    code, out, err = run("completion", shell)
    assert (code, err) == (0, "")
    assert f"_OKX_MAXLOAN_COMPLETE={shell}_complete" in out


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("sh", {"show"}),
        ("show --mod", {"--mode"}),
        ("show --mode ", {"cross", "isolated"}),
        ("rules --account p", {"portfolio"}),
    ],
)
def test_completing(words: str, candidates: set[str]) -> None:
    """Commands, options and their values are completed."""
    variables = {"COMP_WORDS": f"okx-maxloan {words}", "COMP_CWORD": str(len(words.split(" ")))}
    environ = {**os.environ, **variables, "_OKX_MAXLOAN_COMPLETE": "bash_complete"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=20)
    assert {line.partition(",")[2] for line in done.stdout.split()} == candidates
