"""Escapes control characters in texts from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# A terminal obeys C0 and C1, among them ESC, and reorders text after a bidirectional control.
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def escape_control_characters(text: str) -> str:
    r"""Return a text with each control character as its number, such as \x1b."""
    return CONTROL_CHARACTER.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def map_texts(value: Any, function: Callable[[str], str]) -> Any:
    """Return a value with the function applied to every text and key in it."""
    if isinstance(value, str):
        return function(value)
    if isinstance(value, Mapping):
        return {function(name): map_texts(item, function) for name, item in value.items()}
    return type(value)(map_texts(item, function) for item in value) if isinstance(value, list | tuple) else value
