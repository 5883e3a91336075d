"""GitHub workflows: what is installed to publish, and what differs every night."""

from __future__ import annotations

from pathlib import Path

import pytest

WORKFLOWS = Path(__file__).resolve().parent.parent / ".github" / "workflows"
TOOLS = WORKFLOWS.parent / "publishing-tools.txt"


def test_publishing_tools() -> None:
    """A release is made by tools of known content: each requirement has hashes, and pip insists on them."""
    assert "--require-hashes" in (WORKFLOWS / "release.yml").read_text("utf-8")
    requirements = TOOLS.read_text("utf-8").replace("\\\n", " ").splitlines()
    pinned = [line for line in requirements if line.strip() and not line.lstrip().startswith("#")]
    assert pinned
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)


def test_nightly_seed() -> None:
    """The nightly fuzzing has another seed every night, and prints the command that repeats it."""
    step = (WORKFLOWS / "nightly.yml").read_text("utf-8").partition("name: fuzz\n")[2].partition("\n  update:")[0]
    assert "/dev/urandom" in step
    assert 'echo "python -m tests.contract.run_st $OKX_USER --max-examples 1000 --seed $seed"' in step
    assert step.count('--seed "$seed"') == 1


@pytest.mark.parametrize("workflow", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
def test_actions_are_pinned(workflow: str) -> None:
    """Every action is pinned to a commit."""
    for line in (WORKFLOWS / workflow).read_text("utf-8").splitlines():
        _, is_use, action = line.partition("uses: ")
        if is_use and not action.startswith("./"):
            assert len(action.partition("@")[2].split()[0]) == 40, line
