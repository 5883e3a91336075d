"""Settings from the environment, and from profiles."""

import os
from pathlib import Path

import pytest

from okx_maxloan_sdk.cli.config import Settings, config_path, load_settings
from okx_maxloan_sdk.cli.errors import CliError

ENVIRONMENT = {"OKX_API_KEY": "k-env", "OKX_API_SECRET": "s-env", "OKX_API_PASSPHRASE": "p-env"}
PARTS = 'key = "k"\nsecret = "s"\npassphrase = "p"\n'


def write_file(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    """Write the file, and return the environment that points to it."""
    file = config_path({"XDG_CONFIG_HOME": str(folder)})
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(mode)
    return {"XDG_CONFIG_HOME": str(folder)}


def error_message(environ: dict[str, str], profile: str | None = None) -> str:
    """Return the error message of the settings."""
    with pytest.raises(CliError) as caught:
        load_settings(profile, environ)
    assert caught.value.text("zh")
    return caught.value.text("en")


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file is in XDG_CONFIG_HOME, else in ~/.config."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert config_path({}) == tmp_path / ".config" / "okx-maxloan" / "config.toml"
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/okx-maxloan/config.toml")


def test_no_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home directory, as services have none, the error is the usual one about credentials."""

    def fail() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", fail)
    assert "OKX_API_KEY" in error_message({})
    environ = {"OKX_API_KEY": "k", "OKX_API_SECRET": "s", "OKX_API_PASSPHRASE": "p"}
    assert load_settings(None, environ).key == "k"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_no_regular_file(tmp_path: Path) -> None:
    """A FIFO or folder is an error that names it, without blocking."""
    file = config_path({"XDG_CONFIG_HOME": str(tmp_path)})
    file.parent.mkdir()
    os.mkfifo(file, 0o600)
    assert "regular file" in error_message({"XDG_CONFIG_HOME": str(tmp_path)})


def test_secret_as_a_name(tmp_path: Path) -> None:
    """A secret in the place of a setting's name is not shown."""
    secret = "22582BD0CFF14C41EDBF1AB98506286D"
    text = error_message(write_file(tmp_path, f'[default]\n{PARTS}{secret} = "secret"\n'))
    assert secret not in text
    assert "225…" in text


def test_environment(tmp_path: Path) -> None:
    """Environment variables override the file, and their origin is known."""
    environ = write_file(tmp_path, f"[default]\n{PARTS}") | ENVIRONMENT
    more = {"OKX_SITE": "EEA", "OKX_DEMO": "1", "OKX_BASE_URL": "http://127.0.0.1:1", "OKX_LIMITER": "memory"}
    assert load_settings(None, environ | more) == Settings(
        "k-env", "s-env", "p-env", "OKX_API_KEY", "eea", True, "http://127.0.0.1:1", "memory"
    )


def test_profiles(tmp_path: Path) -> None:
    """A named profile overrides the environment; without either it is `default`, even after a byte order mark."""
    bot = f'[bot]\n{PARTS}site = "tr"\ndemo = true\nproxy = "http://p:1"\n'
    environ = write_file(tmp_path, f"\ufeff[default]\n{PARTS}\n{bot}")
    assert load_settings(None, environ).site == "global"
    settings = load_settings("bot", environ | ENVIRONMENT)
    assert (settings.key, settings.site, settings.demo, settings.proxy) == ("k", "tr", True, "http://p:1")
    assert settings.source.endswith("config.toml [bot]")
    assert repr(settings) == f"Settings(source={settings.source!r}, site='tr', demo=True, base_url=None)"


def test_nothing_set(tmp_path: Path) -> None:
    """Without credentials, one paragraph names the variables, the file, and the option that needs neither."""
    text = error_message({"XDG_CONFIG_HOME": str(tmp_path)})
    assert "\n" not in text
    for part in (*ENVIRONMENT, str(tmp_path / "okx-maxloan" / "config.toml"), "[default]", "--mock"):
        assert part in text


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps who may read elsewhere")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622])
def test_open_files_are_rejected(tmp_path: Path, mode: int) -> None:
    """A file that others may read or write is rejected, with the command to fix that."""
    text = error_message(write_file(tmp_path, f"[default]\n{PARTS}", mode))
    assert f"mode {mode:o}" in text
    assert f"chmod 600 {tmp_path / 'okx-maxloan' / 'config.toml'}" in text


@pytest.mark.parametrize(
    ("file", "profile", "parts"),
    [
        (f"[default]\n{PARTS}\n[bot]\n{PARTS}", "bott", ["no profile 'bott'", "Did you mean bot?", "default, bot"]),
        ("[default]\nkey = 1", None, ['must have the form "..."']),
        (f"[default]\n{PARTS}demo = 'yes'", None, ["must have the form true / false"]),
        ("[default]\nkey = 'k'", None, ["lacks secret, passphrase"]),
        (f"[default]\n{PARTS}pasphrase = 'p'", None, ["'pasphrase'", "Did you mean passphrase?"]),
        (f"[default]\n{PARTS}site = 'eaa'", None, ["'eaa'", "global, eea, us, tr", "Did you mean eea?"]),
        ("[default]\nkey = k", None, ["not valid TOML", "line 2"]),
        ("default = 1", None, ["no profile 'default'"]),
    ],
)
def test_errors_of_a_file(tmp_path: Path, file: str, profile: str | None, parts: list[str]) -> None:
    """An error names its place in the file and the likely intended word."""
    text = error_message(write_file(tmp_path, file), profile)
    assert all(part in text for part in parts), text


def test_named_profile_without_a_file(tmp_path: Path) -> None:
    """The error for a named profile without a file shows the file's content."""
    text = error_message({"XDG_CONFIG_HOME": str(tmp_path)} | ENVIRONMENT, "bot")
    assert "[bot]" in text
    assert "chmod 600" in text


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OKX_SITE", "eaa", "OKX_SITE is 'eaa'; it must be"),
        ("OKX_DEMO", "ja", "OKX_DEMO is 'ja'; it must be"),
        ("OKX_API_PASSPHRASE", "", "Not set: OKX_API_PASSPHRASE"),
    ],
)
def test_errors_of_the_environment(tmp_path: Path, name: str, value: str, message: str) -> None:
    """An invalid variable is named with its valid values, and a missing one is named."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path), **ENVIRONMENT, name: value}
    assert error_message(environ).startswith(message)
