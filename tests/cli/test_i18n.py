"""Message catalogues, and the choice of the language."""

import ast
import gettext
import re
import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG

import okx_maxloan_sdk.cli as package
from okx_maxloan_sdk import messages
from okx_maxloan_sdk.cli.i18n import Language, detect_language, load_catalogue, text, use_language

FOLDERS = (Path(package.__file__).parent, Path(package.__file__).parent.parent / "verify")
NODES = [
    node for folder in FOLDERS for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
]
# Functions that take a message id, its position, and the table of ids without a position.
CALLS = {"text": (0, ""), "CliError": (0, "error."), "CheckResult": (2, "result.")}
MODES = [mode.name for each in GET_ACCOUNT_CONFIG.fields for mode in each.values if each.name == "acctLv"]
# Those that the code inserts.
CONTRACT_NAMES = (*MODES, "documented", "observed", "inferred")


def used_names() -> re.Pattern[str]:
    """Return a pattern of the names of messages in the code, where an f-string inserts any word below a table."""
    patterns = [*CONTRACT_NAMES]
    for node in NODES:
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [each.value if isinstance(each, ast.Constant) else None for each in parts]
        if isinstance(texts[0], str) and texts[0].removesuffix(".") in load_catalogue("en") and len(texts) > 1:
            # The strings that it inserts are in the code, or in the contract.
            continue
        if any(isinstance(each, str) for each in texts):
            patterns.append("".join(r"\w+" if each is None else re.escape(str(each)) for each in texts))
    return re.compile("|".join(patterns))


def named_messages() -> Iterator[tuple[str, set[str]]]:
    """Yield each message that a call names, with the placeholders that it fills; those of a result are a mapping."""
    for node in NODES:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            position, table = CALLS[node.func.id]
            keywords = {each.arg or "**" for each in node.keywords} - {"code", "suggest_from"}
            for argument in node.args[position : position + 1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield f"{table}{argument.value}", {"**"} if table == "result." else keywords


def placeholders(message: str) -> set[str]:
    """Return the placeholders of a message."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


@pytest.mark.parametrize("load", [messages.load_catalogue, load_catalogue])
def test_languages_have_the_same_messages(load: Callable[[Language], Mapping[str, Mapping[str, str]]]) -> None:
    """Both catalogues have the same tables and keys in the same order, with the same placeholders."""
    english, chinese = load("en"), load("zh")
    assert list(english) == list(chinese)
    for table, texts in english.items():
        assert list(texts) == list(chinese[table]), table
        for key, message in texts.items():
            assert placeholders(message) == placeholders(chinese[table][key]), f"{table}.{key}"


def test_no_message_is_unused() -> None:
    """Each message is used by the code; each of click's messages exists in click."""
    catalogue, names = dict(load_catalogue("en")), used_names()
    sources = "".join(path.read_text("utf-8") for path in Path(click.__file__).parent.glob("*.py"))
    assert [message for message in catalogue.pop("click").values() if f'"{message}"' not in sources] == []
    keys = [(table, key) for table, each in catalogue.items() for key in each]
    assert [each for each in keys if not names.fullmatch(each[1]) and not names.fullmatch(".".join(each))] == []


def test_no_message_is_missing() -> None:
    """Each message that the code names is in the catalogue, with all placeholders filled."""
    catalogue, named = load_catalogue("en"), list(named_messages())
    assert {f"mode_{mode}" for mode in MODES} <= catalogue["result"].keys()
    assert len(named) > 100
    for message_id, arguments in named:
        table, _, key = message_id.partition(".")
        assert placeholders(catalogue[table][key]) == arguments or "**" in arguments, message_id


@pytest.mark.parametrize(("lang", "message"), [("en", "'x' is not one of a, b."), ("zh", "'x' 不在可选值 a、b 之中。")])
def test_lists(lang: Language, message: str) -> None:
    """A list is joined as usual in its language; after a run in it, gettext is that of the program again."""
    with use_language(lang):
        assert text("error.choice", value="x", words=["a", "b"]) == message
    assert gettext.gettext("Missing argument") == "Missing argument"


@pytest.mark.parametrize(
    ("arguments", "environ", "lang"),
    [
        ("show --lang zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("--lang=zh show", {}, "zh"),
        ("show -- --lang zh", {}, "en"),
        ("show --lang", {}, "en"),
        ("show --lan zh", {}, "en"),
        ("", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("", {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ("", {"LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        ("", {"LANG": "de_DE.UTF-8"}, "en"),
        ("show --lang klingon", {"LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_language(arguments: str, environ: dict[str, str], lang: str) -> None:
    """--lang, wherever an option may be, overrides the locale, whose variables count in POSIX's order."""
    assert detect_language(arguments.split(), environ) == lang


def test_language_of_a_system_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has its own locale names."""
    monkeypatch.setattr("locale.getlocale", lambda: ("Chinese (Simplified)_China", "936"))
    assert detect_language([], {}) == "zh"
