"""Message catalogues, and the language of a run."""

import locale
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from okx_maxloan_sdk.escape import escape_control_characters, map_texts

Language = Literal["en", "zh"]
# POSIX's order of precedence.
LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
LIST_SEPARATORS: Mapping[Language, str] = {"en": ", ", "zh": "、"}
CLICK_MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "types")


@cache
def load_catalogue(lang: Language) -> dict[str, dict[str, str]]:
    """Return the messages of a language by table and key."""
    return tomllib.loads(Path(__file__).with_name("locales").joinpath(f"{lang}.toml").read_text("utf-8"))


def text(lang: Language, message_id: str, **args: object) -> str:
    """Return the message `table.key` with its placeholders filled in; lists are joined as the language does it.

    Control characters are escaped: texts may come from the exchange.
    """
    for name, value in args.items():
        escaped = map_texts(value, escape_control_characters)
        is_list = isinstance(escaped, list | tuple)
        args[name] = LIST_SEPARATORS[lang].join(map(str, escaped)) if is_list else escaped
    table, _, key = message_id.partition(".")
    return load_catalogue(lang)[table][key].format(**args)


def detect_language(lang_option: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language of --lang, else of the locale, else English."""
    name = lang_option or next((environ[each] for each in LOCALE_VARIABLES if environ.get(each)), "")
    # Windows says it in its own way: "Chinese (Simplified)_China".
    name = name or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def find_lang_option(arguments: Sequence[str]) -> str | None:
    """Return the value of --lang before the arguments are parsed: help and usage errors need it."""
    for index, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument == "--lang":
            return next(iter(arguments[index + 1 : index + 2]), None)
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return None


@contextmanager
def translated_click(lang: Language) -> Iterator[None]:
    """Replace click's gettext functions with this catalogue while the block runs.

    gettext itself chooses the language from the environment, which --lang does not change.
    """
    english, translated = load_catalogue("en")["click"], load_catalogue(lang)["click"]
    translations = dict(zip(english.values(), translated.values(), strict=True))

    def gettext(message: str) -> str:
        return translations.get(message, message)

    def ngettext(singular: str, plural: str, count: int) -> str:
        return gettext(singular if count == 1 else plural)

    with ExitStack() as stack:
        for module in (import_module(f"click.{name}") for name in CLICK_MODULES):
            for name, function in (("_", gettext), ("ngettext", ngettext)):
                if name in vars(module):
                    stack.callback(setattr, module, name, vars(module)[name])
                    setattr(module, name, function)
        yield
