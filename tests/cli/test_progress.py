"""The bar on stderr."""

import sys

import pytest

from okx_maxloan_sdk.cli.progress import Progress


def test_no_terminal_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file gets no bar."""
    with Progress(10) as progress:
        progress.advance(5, 1)
        with progress.hidden():
            pass
    assert capsys.readouterr() == ("", "")


def test_bar_gives_way(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar says how far it is and what failed, is not there while rows are written, and is gone at the end."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    with Progress(10) as progress:
        progress.advance(5, 1)
        with progress.hidden():
            capsys.readouterr()
        assert "5/10  ✗ 1" in (text := capsys.readouterr().err)
        assert text.startswith("█" * 12 + "░" * 12)
    assert capsys.readouterr().err == "\r" + " " * len(text) + "\r"


def test_bar_fits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar never wraps, for a line that wraps cannot be taken back."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    with Progress(10):
        assert len(capsys.readouterr().err) < 20
