"""Message catalogues, and the language of a run."""

import gettext
import locale
import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Literal

from okx_maxloan_sdk import messages
from okx_maxloan_sdk.escape import escape_control_characters, map_texts

Language = Literal["en", "zh"]
LANGUAGE: ContextVar[Language] = ContextVar("LANGUAGE", default="en")
# POSIX's order of precedence.
LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
LIST_SEPARATORS: Mapping[Language, str] = {"en": ", ", "zh": "、"}

load_catalogue: Callable[[str], Mapping[str, Mapping[str, str]]] = partial(
    messages.load_catalogue, package="okx_maxloan_sdk.cli"
)


def text(message_id: str, **args: object) -> str:
    """Return the message `table.key` with its placeholders filled in; lists are joined as the language does it.

    Control characters are escaped: texts may come from the exchange.
    """
    lang = LANGUAGE.get()
    for name, value in args.items():
        escaped = map_texts(value, escape_control_characters)
        is_list = isinstance(escaped, list | tuple)
        args[name] = LIST_SEPARATORS[lang].join(map(str, escaped)) if is_list else escaped
    table, _, key = message_id.partition(".")
    return load_catalogue(lang)[table][key].format(**args)


def detect_language(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language of --lang, which help and usage errors need too, else of the locale, else English."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--lang", nargs="?")
    names = (parser.parse_known_args(arguments)[0].lang, *map(environ.get, LOCALE_VARIABLES))
    # Windows says it in its own way: "Chinese (Simplified)_China".
    name = next(filter(None, names), None) or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


@contextmanager
def use_language(lang: Language) -> Iterator[None]:
    """Write messages, and click's own, in a language while the block runs.

    gettext, which click calls, chooses the language from the environment, which --lang does not change.
    """
    english, translated = load_catalogue("en")["click"], load_catalogue(lang)["click"]
    translations = dict(zip(english.values(), translated.values(), strict=True))

    def dgettext(_domain: str, message: str) -> str:
        return translations.get(message, message)

    def dngettext(domain: str, singular: str, plural: str, count: int) -> str:
        return dgettext(domain, singular if count == 1 else plural)

    token, originals = LANGUAGE.set(lang), {name: vars(gettext)[name] for name in ("dgettext", "dngettext")}
    gettext.__dict__.update(dgettext=dgettext, dngettext=dngettext)
    try:
        yield
    finally:
        gettext.__dict__.update(originals)
        LANGUAGE.reset(token)
