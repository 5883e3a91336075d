"""The mock exchange under every layer of checks: silent as it is, caught with any of the seeded bugs in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from okx_maxloan_sdk import mock

from .layers import LAYERS
from .seeded import Bug, alarm, read, report, seeded

PACKAGE = "okx_maxloan_sdk.mock"
BUGS = read(Path(__file__).with_name("mock.bugs"), PACKAGE)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_mock_raises_no_alarm(layer: str) -> None:
    """Every answer of the mock is the one that the facts call for."""
    assert list(LAYERS[layer](mock)) == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_in_the_mock_is_caught(bug: Bug) -> None:
    """The layer that is named beside a bug notices it."""
    with seeded(PACKAGE, bug) as broken:
        assert alarm(LAYERS[bug.layer], broken)


def test_the_bugs_are_many_and_spread() -> None:
    """At least 40 bugs, with names of their own, over every module and every layer."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 40
    assert {bug.layer for bug in BUGS} == set(LAYERS)
    assert {bug.module.rpartition(".")[2] for bug in BUGS} >= {"exchange", "query", "refusal", "rows", "user", "window"}


def test_a_bug_leaves_nothing_behind() -> None:
    """Once the test of a bug is over, everybody has the real package."""
    before = mock.demo
    with seeded(PACKAGE, BUGS[0]) as broken:
        assert broken.demo is not before
    from okx_maxloan_sdk import mock as after  # noqa: PLC0415 -- that is the question

    assert after is mock
    assert after.demo is before


if __name__ == "__main__":
    report(PACKAGE, BUGS, LAYERS)
