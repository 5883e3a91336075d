"""Message catalogues, one for each language, and the texts of errors."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def load_catalogue(language: str, package: str = "okx_maxloan_sdk") -> Mapping[str, Mapping[str, str]]:
    """Return a package's messages of a language by table and key."""
    import tomllib  # noqa: PLC0415 -- a call that succeeds needs no message
    from importlib.resources import files  # noqa: PLC0415 -- the same

    return tomllib.loads(files(package).joinpath("locales", f"{language}.toml").read_text("utf-8"))


def text(language: str, message_id: str, **values: object) -> str:
    """Return the message `table.key` with its placeholders filled in."""
    table, _, key = message_id.partition(".")
    try:
        message = load_catalogue(language)[table][key]
    except (ImportError, OSError):  # no file descriptor is left, or the interpreter is about to end
        return f"{message_id} {values}"
    return message.format(**values)
