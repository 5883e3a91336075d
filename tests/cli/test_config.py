"""Settings from the environment, and from profiles; cases.toml has their errors."""

import os
import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from okx_maxloan_sdk.cli.config import Settings, config_path, load_settings
from okx_maxloan_sdk.cli.errors import CliError

ENVIRONMENT = {"OKX_API_KEY": "k-env", "OKX_API_SECRET": "s-env", "OKX_API_PASSPHRASE": "p-env"}
PARTS = 'key = "k"\nsecret = "s"\npassphrase = "p"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file of two profiles, with a byte order mark as editors on Windows save it."""
    file = tmp_path / "config" / "okx-maxloan" / "config.toml"
    file.parent.mkdir(parents=True)
    bot = f'[bot]\n{PARTS}site = "tr"\ndemo = true\nproxy = "http://p:1"\n'
    file.write_text(f"\ufeff[default]\n{PARTS}\n{bot}", "utf-8")
    file.chmod(0o600)
    return file


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file is in XDG_CONFIG_HOME, else in ~/.config."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert config_path({}) == tmp_path / ".config" / "okx-maxloan" / "config.toml"
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/okx-maxloan/config.toml")


def test_no_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home directory, as services have none, the error is the usual one about credentials."""
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError))
    with pytest.raises(CliError, match="OKX_API_KEY"):
        load_settings(None, {})
    assert load_settings(None, ENVIRONMENT).key == "k-env"


@pytest.mark.usefixtures("file")
def test_environment() -> None:
    """Environment variables override the file, and their origin is known."""
    more = {"OKX_SITE": "EEA", "OKX_DEMO": "1", "OKX_BASE_URL": "http://127.0.0.1:1", "OKX_LIMITER": "memory"}
    settings = load_settings(None, {**os.environ, **ENVIRONMENT, **more})
    credentials = ("k-env", "s-env", "p-env", "OKX_API_KEY")
    assert settings == Settings(*credentials, "eea", True, "http://127.0.0.1:1", "memory")


def test_profiles(file: Path) -> None:
    """A named profile overrides the environment; without either it is `default`."""
    assert load_settings(None).site == "global"
    settings = load_settings("bot", {**os.environ, **ENVIRONMENT})
    assert (settings.key, settings.site, settings.demo, settings.proxy) == ("k", "tr", True, "http://p:1")
    assert repr(settings) == f"Settings(source='{file} [bot]', site='tr', demo=True, base_url=None)"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_no_regular_file(file: Path) -> None:
    """A FIFO is an error that names it, without blocking."""
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(CliError, match=f"^{re.escape(str(file))} is not a file"):
        load_settings(None)
