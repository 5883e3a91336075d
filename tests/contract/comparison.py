"""Comparison of the mock exchange's responses with the oracle's."""

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
    """Send every request, and yield a message for each response that differs from the oracle's."""
    world = accounts.world(opened)
    for raw in requests:
        response = handle(opened, raw)
        if mismatch := explain_mismatch(raw, world, response.status, response.body):
            yield f"{raw.method} {raw.path.decode('latin-1')}?{raw.query[:100].decode('latin-1')}: {mismatch}"
