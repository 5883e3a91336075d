"""The SDK under every layer of checks, blocking and awaiting: silent as it is, caught with any of the seeded bugs."""

from __future__ import annotations

from pathlib import Path

import pytest

import okx_maxloan_sdk

from .sdk_layers import LAYERS
from .seeded import Bug, alarm, read, report, seeded

PACKAGE = "okx_maxloan_sdk"
BUGS = read(Path(__file__).with_name("sdk.bugs"), PACKAGE)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_sdk_raises_no_alarm(layer: str) -> None:
    """Against the mock exchange, and against every answer there may be, the SDK does what it must."""
    assert list(LAYERS[layer](okx_maxloan_sdk)) == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_in_the_sdk_is_caught(bug: Bug) -> None:
    """The layer that is named beside a bug notices it."""
    with seeded(PACKAGE, bug) as broken:
        assert alarm(LAYERS[bug.layer], broken)


def test_the_bugs_are_many_and_spread() -> None:
    """At least 20 bugs, with names of their own, over every layer but the one that needs no bug of its own."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20
    assert {bug.layer for bug in BUGS} == set(LAYERS) - {"examples"}


if __name__ == "__main__":
    report(PACKAGE, BUGS, LAYERS)
