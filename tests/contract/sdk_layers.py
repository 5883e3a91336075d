"""The layers of checks that the SDK must pass; each takes the package, as it is or with a bug in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sdk_answers import batching, parsing, secrets
from .sdk_questions import encoding, examples, rules, settings, signing
from .sdk_times import limit, retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Layer = Callable[[ModuleType], Iterator[str]]

LAYERS: dict[str, Layer] = {
    layer.__name__: layer
    for layer in (signing, encoding, rules, examples, settings, batching, parsing, retrying, limit, secrets)
}
