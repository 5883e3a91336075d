"""Escapes control characters in texts from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# A terminal obeys C0 and C1, among them ESC, and reorders text after a bidirectional control.
CONTROL_CHARACTERS = (range(0x20), range(0x7F, 0xA0), range(0x202A, 0x202F), range(0x2066, 0x206A))
ESCAPES = {code: f"\\x{code:02x}" for codes in CONTROL_CHARACTERS for code in codes}


def escape_control_characters(text: str) -> str:
    r"""Return a text with each control character as its number, such as \x1b."""
    return text.translate(ESCAPES)


def map_texts(value: Any, function: Callable[[str], str]) -> Any:
    """Return a value with the function applied to every text and key in it."""
    if isinstance(value, str):
        return function(value)
    if isinstance(value, Mapping):
        return {function(name): map_texts(item, function) for name, item in value.items()}
    return type(value)(map_texts(item, function) for item in value) if isinstance(value, list | tuple) else value
