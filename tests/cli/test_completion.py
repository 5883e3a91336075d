"""okx-maxloan completion."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Run

PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(run: Run, shell: str) -> None:
    """Each shell gets a script that calls the command."""
    code, out, err = run("completion", shell)
    assert (code, err) == (0, "")
    assert f"_OKX_MAXLOAN_COMPLETE={shell}_complete" in out


def test_another_shell(run: Run) -> None:
    """The error for an unknown shell lists the known ones."""
    code, _, err = run("completion", "bsh")
    assert code == 2
    assert "bash, zsh, fish. Did you mean bash?" in err


@pytest.mark.parametrize(
    ("arguments", "candidates"),
    [
        ("okx-maxloan sh", {"show"}),
        ("okx-maxloan show --mod", {"--mode"}),
        ("okx-maxloan show --mode ", {"cross", "isolated"}),
        ("okx-maxloan rules --account p", {"portfolio"}),
    ],
)
def test_completing(arguments: str, candidates: set[str]) -> None:
    """Commands, options and their values are completed."""
    environ = {**os.environ, "_OKX_MAXLOAN_COMPLETE": "bash_complete", "COMP_WORDS": arguments}
    environ["COMP_CWORD"] = str(len(arguments.split(" ")) - 1)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=True, timeout=20
    )
    assert {line.partition(",")[2] for line in done.stdout.split()} == candidates
