"""Users of the mock exchange in the contract tests, and the same users as the oracle sees them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from okx_maxloan_sdk.clock import SystemClock

from .okx_facts import Caller, World

if TYPE_CHECKING:
    from types import ModuleType

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.mock import MockExchange


MODES = ("spot", "futures", "multi_currency", "portfolio")
ISOLATED = ("automatic", "auto_transfers_ccy", "quick_margin")
SETTINGS = [*product(MODES, (True, False), ISOLATED)]


def exchange(mock: ModuleType, clock: Clock) -> MockExchange:
    """Create a mock exchange with a user for each account mode and setting, named `mode/borrowing/isolated`."""
    opened: MockExchange = mock.default_exchange(clock)
    for number, (mode, borrowing, isolated) in enumerate(SETTINGS, 20):
        keys = [mock.ApiKey(f"{number:08d}-1111-1111-1111-111111111111", f"{number:032d}", f"phrase {number}")]
        user = mock.User(f"{number:018d}", keys, mode, borrowing, isolated)
        opened.users[name(mode, borrowing, isolated)] = user
    bound = mock.ApiKey("00000099-1111-1111-1111-111111111111", "s" * 32, "p", ("trade",), ("203.0.113.7", "::1"))
    opened.users["bound"] = mock.User("99", [bound], "futures")
    opened.enforce_rate_limit = False
    return opened


def name(mode: str, borrowing: bool, isolated: str) -> str:
    """Return the name of the user with these settings."""
    return f"{mode}/{'borrowing' if borrowing else 'plain'}/{isolated}"


def world(opened: MockExchange) -> World:
    """Return the exchange's time and users as the oracle needs them."""
    callers = (
        Caller(
            key.key,
            key.secret,
            key.passphrase,
            user.mode,
            user.borrowing,
            user.isolated,
            user.uid,
            user.main_uid,
            key.demo,
            key.permissions,
            key.addresses,
        )
        for user in opened.users.values()
        for key in user.keys
    )
    return World(opened.clock.time() + opened.clock_skew, tuple(callers), not isinstance(opened.clock, SystemClock))
