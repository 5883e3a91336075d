"""The command that measures the limiter."""

import re

import pytest

from tests.e2e import limiter_figures


def test_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One short trial with four clients of one process never exceeds the limit; in wall time."""
    monkeypatch.setattr("sys.argv", ["limiter_figures", "--seconds", "2.3", "--only", "^memory.*none"])
    limiter_figures.main()
    (line, _) = capsys.readouterr().out.splitlines()
    # The number of requests depends on the machine; the limit does not.
    match = re.search(r"delay none: (\d+) requests, at most (\d+) in any 2 s", line)
    assert match is not None, line
    assert int(match[1]) >= int(match[2]) > 0
    assert int(match[2]) <= 20
