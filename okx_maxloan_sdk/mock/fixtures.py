"""The default mock exchange: one user in each account mode, a sub-account, and a key for demo trading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_sdk.clock import SystemClock

from .exchange import MockExchange
from .user import ApiKey, Mode, User

if TYPE_CHECKING:
    from okx_maxloan_sdk.clock import Clock


def uid(number: int) -> str:
    """Return an invented user id."""
    return f"{number:018d}"


def api_key(number: int, *, demo: bool = False) -> ApiKey:
    """Return an invented API key, in the format of real ones."""
    return ApiKey(f"{number:08d}-0000-0000-0000-000000000000", f"{number:032d}", f"mock-{number}", demo=demo)


def _user(number: int, mode: Mode, *, borrowing: bool = True, main: int | None = None) -> User:
    return User(uid(number), [api_key(number)], mode, borrowing, main_uid=uid(main or number))


def default_exchange(clock: Clock | None = None, drift_seed: int | None = None) -> MockExchange:
    """Return an exchange with users `spot`, `spot_plain` (no borrowing), `futures`, `multi_currency`, `portfolio`.

    `sub` is a sub-account of the first. Each has one key, `spot` a second one for demo trading; none works elsewhere.
    """
    spot = _user(1, "spot")
    spot.keys.append(api_key(9, demo=True))
    users = {
        "spot": spot,
        "spot_plain": _user(2, "spot", borrowing=False),
        "futures": _user(3, "futures"),
        "multi_currency": _user(4, "multi_currency"),
        "portfolio": _user(5, "portfolio"),
        "sub": _user(6, "spot", main=1),
    }
    return MockExchange(users, clock or SystemClock(), drift_seed=drift_seed)
