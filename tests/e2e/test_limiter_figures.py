"""The command that shows the limiter's figures."""

import re

import pytest

from tests.e2e import limiter_figures


def test_it_prints_what_it_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One short trial: four clients of one process against a real exchange, in wall time; no refusal."""
    monkeypatch.setattr("sys.argv", ["limiter_figures", "--seconds", "2.3", "--only", "^memory none"])
    limiter_figures.main()
    (line, _) = capsys.readouterr().out.splitlines()
    # How many are served in wall time is the machine's affair; that none is refused is not.
    found = re.search(r"delay none: (\d+) served, 0 refused, at most (\d+) in any 2 s", line)
    assert found is not None, line
    assert int(found[1]) >= int(found[2]) > 0
    assert int(found[2]) <= 20
