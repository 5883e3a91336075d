"""What all calls of one client share: who asks, where, how fast, and what time it is there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from .errors import ClientClosed
from .once import Once
from .sites import Site, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okx_maxloan_api.contract import Operation

    from .account import Account
    from .clock import Clock
    from .credentials import Credentials
    from .limiter import Limiter, RateLimiter
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
    site: Site = Site.GLOBAL
    random: Callable[[], float] = random.random
    closed: bool = False
    skews: Once[Skew] = field(factory=lambda: Once(Skew(0.0)))
    accounts: Once[Account] = field(factory=lambda: Once(None))
    accepted: set[tuple[tuple[str, str], ...]] = field(factory=set)
    """The parameters beside the pairs with which OKX has answered a request for maximum loan."""
    _users: dict[str, str] = field(factory=dict)
    _rate_limiters: dict[tuple[str, ...], list[RateLimiter]] = field(factory=dict)

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

        Requests that were counted under the key until then still count, so its limiter is used as well.
        """
        uid = self.account.uid if self.account else ""
        user = self.user or uid or self.credentials.user
        self._users[user] = user

    def rate_limiters(self, operation: Operation) -> list[RateLimiter]:
        """Return the rate limiters that count a request, always in the same order."""
        if self.closed:
            raise ClientClosed
        users = ("ip",) if operation.limit.per == "ip" else tuple(self._users)
        if limiters := self._rate_limiters.get((operation.id, *users)):
            return limiters
        from .limiter import LimitKey, RateLimit  # noqa: PLC0415 -- the limiter's parts load with the first call

        # A site has several host names, and a user is counted once. On this machine each port is an exchange.
        site = f"loopback:{self.origin.port}" if is_loopback(self.origin.host) else ""
        if operation.limit.per == "ip":
            site = site or self.site.name.lower()
        limit = RateLimit(operation.limit.requests, operation.limit.period)
        keys = (LimitKey(user, operation.id, site) for user in users)
        limiters = [self.limiter.for_key(key, limit, self.clock) for key in keys]
        self._rate_limiters[operation.id, *users] = limiters
        return limiters

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
