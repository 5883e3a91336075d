"""Users of the mock exchange in the contract tests, and comparison of their responses with the oracle's."""

from collections.abc import Iterable
from itertools import product
from typing import get_args

from okx_maxloan_sdk.clock import Clock
from okx_maxloan_sdk.mock import ApiKey, MockExchange, User, default_exchange
from okx_maxloan_sdk.mock.user import Isolated, Mode
from tests.support.clock import FakeClock

from .oracle import explain_mismatch
from .raw_request import NOW, RawRequest, handle

SETTINGS: list[tuple[Mode, bool, Isolated]] = [*product(get_args(Mode), (True, False), get_args(Isolated))]


class ManualClock(FakeClock):
    """A clock that starts at the time of signed requests."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = NOW - self.now


def exchange(clock: Clock | None = None) -> MockExchange:
    """Create a mock exchange with a user for each account mode and setting, named `mode/borrowing/isolated`."""
    opened = default_exchange(clock or ManualClock())
    for number, (mode, borrowing, isolated) in enumerate(SETTINGS, 20):
        keys = [ApiKey(f"{number:08d}-1111-1111-1111-111111111111", f"{number:032d}", f"phrase {number}")]
        opened.users[name(mode, borrowing, isolated)] = User(f"{number:018d}", keys, mode, borrowing, isolated)
    bound = ApiKey("00000099-1111-1111-1111-111111111111", "s" * 32, "p", ("trade",), ("203.0.113.7", "::1"))
    opened.users["bound"] = User("99", [bound], "futures")
    opened.enforce_rate_limit = False
    return opened


def name(mode: str, borrowing: bool, isolated: str) -> str:
    """Return the name of the user with these settings."""
    return f"{mode}/{'borrowing' if borrowing else 'plain'}/{isolated}"


def mismatches(opened: MockExchange, requests: Iterable[RawRequest]) -> list[str]:
    """Send every request, and return a message for each response that differs from the oracle's."""
    messages = []
    for raw in requests:
        response = handle(opened, raw)
        if mismatch := explain_mismatch(raw, opened, response.status, response.body):
            messages.append(f"{raw.method} {raw.path!r} {raw.query[:100]!r}: {mismatch}")
    return messages
