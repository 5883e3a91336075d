"""The choice of a language, and that both say everything."""

import string
from importlib import import_module
from pathlib import Path

import pytest

import okx_maxloan_sdk.cli as package
from okx_maxloan_sdk.cli.app import COMMANDS
from okx_maxloan_sdk.cli.words import Words, asked_for, language

TABLES = {
    f"{path.stem}.{name}": table
    for path in sorted(Path(package.__file__).parent.glob("*.py"))
    if path.stem != "__init__"
    for name, table in vars(import_module(f"{package.__name__}.{path.stem}")).items()
    if isinstance(table, dict) and set(table) == {"en", "zh"}
}


def places(text: str) -> set[str]:
    """Find what a text leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", [name for name in TABLES if name != "app.ABOUT"])
def test_languages_say_the_same(name: str) -> None:
    """Each language has every text, with the same places to fill."""
    table: Words = TABLES[name]
    assert list(table["en"]) == list(table["zh"])
    for key, text in table["en"].items():
        assert places(text) == places(table["zh"][key]), key
        assert text.isascii() or any(mark in text for mark in "·…"), key


def test_every_command_has_a_module() -> None:
    """Each command that help lists can be made."""
    for name in COMMANDS["en"]:
        assert import_module(f"{package.__name__}.{name}").command("en").name == name


@pytest.mark.parametrize(
    ("asked", "environ", "found"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        ("klingon", {}, "en"),
    ],
)
def test_language(asked: str | None, environ: dict[str, str], found: str) -> None:
    """What is asked for counts before the locale, the locale's variables in POSIX's order, else it is English."""
    assert language(asked, environ) == found


def test_language_of_a_system_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows names its locale otherwise."""
    monkeypatch.setattr("locale.getlocale", lambda: ("Chinese (Simplified)_China", "936"))
    assert language(None, {}) == "zh"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["show", "--lang", "zh"], "zh"),
        (["--lang=zh", "show"], "zh"),
        (["show", "--", "--lang", "zh"], None),
        (["show", "--lang"], None),
        ([], None),
    ],
)
def test_asked_for(arguments: list[str], found: str | None) -> None:
    """--lang is found wherever an option may stand."""
    assert asked_for(arguments) == found
