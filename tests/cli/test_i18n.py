"""Message catalogues, and the choice of the language."""

import ast
import gettext
import string
from pathlib import Path

import click
import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG

import okx_maxloan_sdk.cli as package
from okx_maxloan_sdk.cli import rules as matrix
from okx_maxloan_sdk.cli.base import COMMANDS
from okx_maxloan_sdk.cli.display import COLUMNS as LIVE_COLUMNS
from okx_maxloan_sdk.cli.doctor import MESSAGE_BY_CODE, STATE_STYLES
from okx_maxloan_sdk.cli.i18n import Language, detect_language, load_catalogue, text, use_language
from okx_maxloan_sdk.cli.render import COLUMNS
from okx_maxloan_sdk.cli.verify import EFFECTS
from okx_maxloan_sdk.verify.checks import DOCTOR_CHECKS, VERIFY_CHECKS

FOLDERS = (Path(package.__file__).parent, Path(package.__file__).parent.parent / "verify")
VERDICTS = ("yes", "no", "unconfirmed")
# Messages with a computed id, with the names that it is computed from.
COMPUTED = {
    *(f"{name}.{key}" for name in COMMANDS for key in ("summary", "about")),
    *(f"check.{check.__name__.removeprefix('check_')}" for check in (*DOCTOR_CHECKS, *VERIFY_CHECKS)),
    *(f"column.{name}" for name in (*COLUMNS, *LIVE_COLUMNS, "profile")),
    *(f"check.{name}" for name in ("dns", "tls", "proxy", "permissions", "account_mode")),
    *(f"app.{name}" for name in ("arguments", "options", "commands")),
    *(f"result.{name}" for name in ("connection_ok", "no_connection", "proxy_ok", "no_proxy", "no_dns", "no_tls")),
    *(f"matrix.{name}" for name in (*matrix.ACCOUNTS, *matrix.EXAMPLE_REQUESTS, "request", *VERDICTS)),
    *(f"report.{name}" for name in (*STATE_STYLES, "mock", "demo", "live")),
    *(f"result.{name}" for name in MESSAGE_BY_CODE.values()),
    *(
        f"result.mode_{mode.name}"
        for each in GET_ACCOUNT_CONFIG.fields
        for mode in each.values
        if each.name == "acctLv"
    ),
    *(f"rules.{basis}" for basis in ("documented", "observed", "inferred")),
    *(f"questions.{effect}" for effect in EFFECTS),
    *(f"rules.{name}" for name in ("rule", "basis", "when", "then", "meaning")),
}
# Functions that take a message id, its position, and the table of ids without a position.
CALLS = {"text": (0, ""), "CliError": (0, "error."), "CheckResult": (2, "result.")}


NODES = [
    node for folder in FOLDERS for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
]


def used_messages() -> set[str]:
    """Return the messages that the code names, including computed ids."""
    strings = {node.value for node in NODES if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {each for each in strings if each.partition(".")[0] in load_catalogue("en")}
    return {*COMPUTED, *named, *(f"{table}.{each}" for table in ("error", "result") for each in strings)}


def named_messages() -> list[tuple[str, set[str]]]:
    """Return each named message with the placeholders that the call fills."""
    named = []
    for node in NODES:
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if isinstance(node, ast.Call) and name in CALLS and len(node.args) > CALLS[name][0]:
            argument = node.args[CALLS[name][0]]
            keywords = {each.arg or "**" for each in node.keywords} - {"code", "suggest_from"}
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                named.append((f"{CALLS[name][1]}{argument.value}", {"**"} if name == "CheckResult" else keywords))
    return named


def placeholders(message: str) -> set[str]:
    """Return the placeholders of a message."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


def test_languages_have_the_same_messages() -> None:
    """Both catalogues have the same tables and keys in the same order, with the same placeholders."""
    english, chinese = load_catalogue("en"), load_catalogue("zh")
    assert list(english) == list(chinese)
    for table, messages in english.items():
        assert list(messages) == list(chinese[table]), table
        for key, message in messages.items():
            assert placeholders(message) == placeholders(chinese[table][key]), f"{table}.{key}"


def test_no_message_is_unused() -> None:
    """Each message is used by the code; each of click's messages exists in click."""
    messages = {f"{table}.{key}" for table, each in load_catalogue("en").items() for key in each if table != "click"}
    assert messages - used_messages() == set()
    sources = "".join(path.read_text("utf-8") for path in Path(click.__file__).parent.glob("*.py"))
    for message in load_catalogue("en")["click"].values():
        assert f'"{message}"' in sources


def test_no_message_is_missing() -> None:
    """Each message that the code uses is in the catalogue, with all placeholders filled."""
    for message_id in COMPUTED:
        table, _, key = message_id.partition(".")
        assert key in load_catalogue("en")[table], message_id
    assert len(named_messages()) > 100
    for message_id, arguments in named_messages():
        table, _, key = message_id.partition(".")
        message = load_catalogue("en")[table][key]
        assert placeholders(message) == arguments or "**" in arguments, message_id


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
