"""What all calls of one client share: who asks, where, how fast, and what time it is there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from .errors import ClientClosed
from .once import Once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okx_maxloan_api.contract import Operation

    from .account import Account
    from .clock import Clock
    from .credentials import Credentials
    from .limiter import Limiter, Window
    from .sites import Origin


class Skew(NamedTuple):
    """How far the exchange's clock is ahead of this machine's, in seconds."""

    seconds: float


@define(eq=False)
class Session:
    """One client's settings and what it has learnt."""

    credentials: Credentials
    origin: Origin
    limiter: Limiter
    clock: Clock
    demo: bool
    timeout: float
    deadline: float | None
    attempts: int
    language: str
    user: str | None
    account: Account | None
    auto_account: bool
    random: Callable[[], float] = random.random
    closed: bool = False
    skews: Once[Skew] = field(factory=lambda: Once(Skew(0.0)))
    accounts: Once[Account] = field(factory=lambda: Once(None))
    _users: dict[str, str] = field(factory=dict)
    _windows: dict[tuple[str, ...], list[Window]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.identify()

    @property
    def skew(self) -> Skew:
        """What was learnt last of the exchange's clock."""
        return self.skews.value or Skew(0.0)

    def until(self) -> float | None:
        """Turn the deadline of a call that begins now into a moment of the clock."""
        return None if self.deadline is None else self.clock.monotonic() + self.deadline

    def identify(self) -> None:
        """Count under the uid once it is known.

        Requests that were counted under the key until then still weigh, so that window is asked as well.
        """
        uid = self.account.uid if self.account else ""
        user = self.user or uid or self.credentials.user
        self._users[user] = user

    def windows(self, operation: Operation) -> list[Window]:
        """Find the windows that a request has to pass, always in the same order."""
        if self.closed:
            raise ClientClosed
        users = ("ip",) if operation.limit.per == "ip" else tuple(self._users)
        if found := self._windows.get((operation.id, *users)):
            return found
        from .limiter import Key, Limit  # noqa: PLC0415 -- the limiter's parts load with the first call

        limit = Limit(operation.limit.requests, operation.limit.period)
        keys = (Key(self.origin.netloc, user, operation.id) for user in users)
        found = self._windows[operation.id, *users] = [self.limiter.window(key, limit, self.clock) for key in keys]
        return found

    def headers(self, operation: Operation, target: str) -> Mapping[str, str]:
        """Make the headers of one request, signed with the exchange's time of now."""
        headers = dict(PLAIN)
        if operation.signed:
            headers |= self.credentials.sign(operation.method, target, self.clock.time() + self.skew.seconds)
        if self.demo:
            from okx_maxloan_api.contract import DEMO_HEADER  # noqa: PLC0415 -- generated code loads when needed

            headers[DEMO_HEADER[0]] = DEMO_HEADER[1]
        return headers

    @property
    def facts(self) -> Mapping[str, str]:
        """What is known of the account, as the rules ask for it."""
        return self.account.facts if self.account else {}


PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "okx-maxloan-sdk"}
