"""Settings from the environment, and from profiles."""

import os
from pathlib import Path

import pytest

from okx_maxloan_sdk.cli.profiles import Settings, path, settings
from okx_maxloan_sdk.cli.troubles import Trouble

ENVIRONMENT = {"OKX_API_KEY": "k-env", "OKX_API_SECRET": "s-env", "OKX_API_PASSPHRASE": "p-env"}
PARTS = 'key = "k"\nsecret = "s"\npassphrase = "p"\n'


def written(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    """Write the file, and give the environment that finds it."""
    file = path({"XDG_CONFIG_HOME": str(folder)})
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(mode)
    return {"XDG_CONFIG_HOME": str(folder)}


def trouble(environ: dict[str, str], profile: str | None = None) -> str:
    """Say what is wrong."""
    with pytest.raises(Trouble) as caught:
        settings(profile, environ)
    assert caught.value.text("zh")
    return caught.value.text("en")


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file is in XDG_CONFIG_HOME, else in ~/.config."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert path({}) == tmp_path / ".config" / "okx-maxloan" / "config.toml"
    assert path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/okx-maxloan/config.toml")


def test_environment(tmp_path: Path) -> None:
    """The variables count before the file, with those that say where and how."""
    environ = written(tmp_path, f"[default]\n{PARTS}") | ENVIRONMENT
    more = {"OKX_SITE": "EEA", "OKX_DEMO": "1", "OKX_BASE_URL": "http://127.0.0.1:1", "OKX_LIMITER": "memory"}
    assert settings(None, environ | more) == Settings(
        "k-env", "s-env", "p-env", "environment", "eea", True, "http://127.0.0.1:1", "memory"
    )


def test_profiles(tmp_path: Path) -> None:
    """A named profile counts before the environment; without either it is `default`."""
    environ = written(tmp_path, f'[default]\n{PARTS}\n[bot]\n{PARTS}site = "tr"\ndemo = true\nproxy = "http://p:1"\n')
    assert settings(None, environ).site == "global"
    bot = settings("bot", environ | ENVIRONMENT)
    assert (bot.key, bot.site, bot.demo, bot.proxy) == ("k", "tr", True, "http://p:1")
    assert bot.origin.endswith("config.toml [bot]")
    assert repr(bot) == f"Settings(origin={bot.origin!r}, site='tr', demo=True, base_url=None)"


def test_nothing_set(tmp_path: Path) -> None:
    """Without keys, one paragraph names the variables, the file, and the way without either."""
    text = trouble({"XDG_CONFIG_HOME": str(tmp_path)})
    assert "\n" not in text
    for word in (*ENVIRONMENT, str(tmp_path / "okx-maxloan" / "config.toml"), "[default]", "--mock"):
        assert word in text


def test_half_set(tmp_path: Path) -> None:
    """A part that was forgotten is named."""
    text = trouble({"XDG_CONFIG_HOME": str(tmp_path), "OKX_API_KEY": "k", "OKX_API_SECRET": "s"})
    assert text.startswith("OKX_API_PASSPHRASE not set")


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps who may read elsewhere")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622])
def test_open_files_are_refused(tmp_path: Path, mode: int) -> None:
    """A file that others may read or write is not used, and the cure is named."""
    text = trouble(written(tmp_path, f"[default]\n{PARTS}", mode))
    assert f"mode {mode:o}" in text
    assert f"chmod 600 {tmp_path / 'okx-maxloan' / 'config.toml'}" in text


@pytest.mark.parametrize(
    ("file", "profile", "words"),
    [
        (f"[default]\n{PARTS}\n[bot]\n{PARTS}", "bott", ["no profile 'bott'", "did you mean bot?", "default, bot"]),
        ("[default]\nkey = 1", None, ["key must be str"]),
        (f"[default]\n{PARTS}demo = 'yes'", None, ["demo must be bool"]),
        ("[default]\nkey = 'k'", None, ["has no secret, passphrase"]),
        (f"[default]\n{PARTS}pasphrase = 'p'", None, ["'pasphrase'", "did you mean passphrase?"]),
        (f"[default]\n{PARTS}site = 'eaa'", None, ["'eaa'", "global, eea, us, tr", "did you mean eea?"]),
        ("[default]\nkey = k", None, ["not TOML", "line 2"]),
        ("default = 1", None, ["no profile 'default'"]),
    ],
)
def test_faults_of_a_file(tmp_path: Path, file: str, profile: str | None, words: list[str]) -> None:
    """A fault is named with its place, and the word that was probably meant."""
    text = trouble(written(tmp_path, file), profile)
    assert all(word in text for word in words), text


def test_a_named_profile_needs_its_file(tmp_path: Path) -> None:
    """Who names a profile before writing the file learns what belongs into it."""
    text = trouble({"XDG_CONFIG_HOME": str(tmp_path)} | ENVIRONMENT, "bot")
    assert "[bot]" in text
    assert "chmod 600" in text


@pytest.mark.parametrize(("name", "value"), [("OKX_SITE", "eaa"), ("OKX_DEMO", "ja")])
def test_faults_of_the_environment(tmp_path: Path, name: str, value: str) -> None:
    """A variable that cannot be is named with what it may be."""
    text = trouble({"XDG_CONFIG_HOME": str(tmp_path), **ENVIRONMENT, name: value})
    assert text.startswith(f"{name} is {value!r}; it must be")
