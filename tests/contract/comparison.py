"""An exchange asked, and its answers judged by the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accounts
from .oracle import explain_mismatch
from .raw_request import handle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from okx_maxloan_sdk.mock import MockExchange

    from .raw_request import RawRequest


def mismatches(opened: MockExchange, requests: Iterable[RawRequest]) -> Iterator[str]:
    """Ask everything, and say what is wrong with each answer that is not the oracle's."""
    world = accounts.world(opened)
    for raw in requests:
        answer = handle(opened, raw)
        if wrong := explain_mismatch(raw, world, answer.status, answer.body):
            yield f"{raw.method} {raw.path.decode('latin-1')}?{raw.query[:100].decode('latin-1')}: {wrong}"
