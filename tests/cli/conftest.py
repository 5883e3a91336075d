"""Fixtures of the CLI tests: a mock exchange in the environment, and the command in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from okx_maxloan_sdk.cli.app import main
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Result(NamedTuple):
    """Exit code and output of a run."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Run okx-maxloan with arguments."""

    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove every setting of the user from the environment."""
    names = ("KEY", "SECRET", "PASSPHRASE")
    for name in [*(f"OKX_API_{name}" for name in names), "OKX_SITE", "OKX_DEMO", "OKX_BASE_URL", "OKX_LIMITER"]:
        monkeypatch.delenv(name, raising=False)
    for name in (
        "LC_ALL",
        "LC_MESSAGES",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Result:
        code = main(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err or "--debug" in arguments
        return Result(code, written.out, written.err)

    return run


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """Run a mock exchange, and set the environment to its user `spot`."""
    with run_mock_server() as server:
        for name, value in server.environment("spot").items():
            monkeypatch.setenv(name, value)
        yield server
