"""Command okx-maxloan verify."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_mock(run: Run, lang: str) -> None:
    """The mock passes every check, and the environment is unchanged afterwards."""
    before = dict(os.environ)
    code, out, err = run("verify", "--mock", "--lang", lang)
    assert (code, err) == (0, "")
    assert {"en": "0 failed", "zh": "失败 0"}[lang] in out
    assert {"en": "embedded mock exchange", "zh": "内置 mock 交易所"}[lang] in out
    assert dict(os.environ) == before


def test_profile(run: Run, exchange: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile is checked in the same way as the environment."""
    key = exchange.key("futures")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "okx-maxloan" / "config.toml"
    file.parent.mkdir()
    parts = {"key": key.key, "secret": key.secret, "passphrase": key.passphrase, "base_url": exchange.url}
    file.write_text("[bot]\n" + "".join(f'{name} = "{value}"\n' for name, value in parts.items()))
    file.chmod(0o600)
    code, out, _ = run("verify", "--profile", "bot")
    assert code == 0
    assert "Futures mode" in out
    assert "config.toml [bot]" in out


def test_differences(run: Run, exchange: MockServer) -> None:
    """A difference exits with 1; an inconclusive check exits with 2, and no key is shown."""
    exchange.exchange.fail_next(1, code="50120", path="/api/v5/account/max-loan")
    assert run("verify").code == 1
    exchange.exchange.fail_next(1, code="50113", path="/api/v5/account/config")
    code, out, _ = run("verify")
    assert code == 2
    assert "Secret key" in out
    assert exchange.key("spot").key not in out


def test_both(run: Run, exchange: MockServer) -> None:
    """An inconclusive check outweighs a difference."""
    exchange.exchange.clock_skew = 40
    exchange.exchange.fail_next(1, code="50113", path="/api/v5/account/config")
    assert run("verify").code == 2


def test_no_credentials(run: Run) -> None:
    """Without credentials it exits with 2, so that a lost secret of CI does not pass."""
    code, out, err = run("verify")
    assert (code, out) == (2, "")
    assert "OKX_API_KEY" in err
    command = [sys.executable, "-m", "okx_maxloan_sdk.verify", "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "没有找到 API key" in done.stderr
