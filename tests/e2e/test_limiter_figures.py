"""The command that shows the limiter's figures."""

import pytest

from tests.e2e import limiter_figures


def test_it_prints_what_it_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One short trial: four clients of one process against a real exchange, in wall time; no refusal."""
    monkeypatch.setattr("sys.argv", ["limiter_figures", "--seconds", "2.3", "--only", "^memory none"])
    limiter_figures.main()
    (line, _) = capsys.readouterr().out.splitlines()
    assert "memory, 4 clients in 1 process, delay none: 40 served, 0 refused, at most 20 in any 2 s" in line
