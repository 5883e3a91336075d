"""State that all calls of one client share."""

from __future__ import annotations

import random
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from okx_maxloan_api.contract import DEMO_HEADER

from .clock import WakeEvent
from .effects import Flow, Sleep
from .exceptions import ClientClosedError
from .limiter import LimitKey, RateLimit, create_limiter
from .models import Account
from .sites import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from okx_maxloan_api.contract import Operation

    from .clock import Clock
    from .codec import Query
    from .config import ClientConfig
    from .limiter import RateLimiter

T = TypeVar("T")
BASE_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "okx-maxloan-sdk"}


class SingleFlight(Generic[T]):
    """A value that one caller fetches while the others wait for it."""

    def __init__(self, value: T) -> None:
        self.value: T = value
        # Re-entrant: the garbage collector may close a flow while another in the same thread holds the lock.
        self._lock = RLock()
        self._leader: WakeEvent | None = None

    def get(self, fetch: Callable[[], Flow[T]], timeout: float, invalid: T) -> Flow[T]:
        """Return the value; fetch it if it is still the `invalid` one.

        A caller that has waited `timeout` seconds for one leader fetches as well: the leader's thread may have died.
        """
        timed_out_leader: WakeEvent | None = None
        while True:
            with self._lock:
                if self.value != invalid:
                    return self.value
                leader, own = self._leader, WakeEvent()
                if leader is None or leader is timed_out_leader:
                    self._leader = own
                    break
            timed_out_leader = None if (yield Sleep(timeout, leader)) else leader
        try:
            self.value = value = yield from fetch()
            return value
        finally:
            with self._lock:
                if self._leader is own:
                    self._leader = None
            own.set_result(None)


class ClientState:
    """Settings, and what was learned from OKX: clock skew, account, rate-limit keys."""

    def __init__(self, config: ClientConfig) -> None:
        self.config: ClientConfig = config
        self.clock: Clock = config.clock
        self.random: Callable[[], float] = random.random
        self.is_closed: bool = False
        self.account: SingleFlight[Account | None] = SingleFlight(None)
        # Seconds that OKX's clock is ahead of this machine's.
        self.clock_skew: SingleFlight[float] = SingleFlight(0.0)
        # Parameters besides the pairs with which OKX has answered a request for the maximum loan.
        self.accepted_params: set[tuple[tuple[str, str], ...]] = set()
        self._limiter = create_limiter(config.limiter)
        self._headers = BASE_HEADERS | (dict([DEMO_HEADER]) if config.demo else {})
        self._rate_limit_keys: dict[str, None] = {}
        self.set_account(config.account if isinstance(config.account, Account) else None)

    def start_deadline(self) -> float | None:
        """Return the deadline of a call that starts now, a time of the monotonic clock."""
        total_timeout = self.config.total_timeout
        return None if total_timeout is None else self.clock.monotonic() + total_timeout

    def set_account(self, account: Account | None) -> None:
        """Set the account, whose uid becomes the rate limit's key.

        Requests that were counted under the API key still count, so its limiter is used as well.
        """
        self.account.value = account
        self.rule_inputs: Mapping[str, str] = account.rule_inputs if account else {}
        # By the arguments that they came from: a bot sends the same ones all day.
        self.valid_queries: dict[Hashable, Query] = {}
        uid = account.uid if account else ""
        self._rate_limit_keys[self.config.rate_limit_key or uid or self.config.credentials.fingerprint] = None
        self._rate_limiters: dict[str, list[RateLimiter]] = {}

    def rate_limiters(self, operation: Operation) -> list[RateLimiter]:
        """Return the rate limiters that count a request, always in the same order."""
        if self.is_closed:
            raise ClientClosedError
        known = self._rate_limiters  # before the keys are read: a new account replaces both
        if limiters := known.get(operation.id):
            return limiters
        # A site has several host names, and a user is counted once. On this machine each port is an exchange.
        origin = self.config.origin
        site = f"loopback:{origin.port}" if is_loopback(origin.host) else ""
        users = tuple(self._rate_limit_keys)
        if operation.limit.per == "ip":
            users = ("ip",)
            site = site or self.config.site.name.lower()
        limit = RateLimit(operation.limit.requests, operation.limit.period)
        limiters = [self._limiter.for_key(LimitKey(user, operation.id, site), limit, self.clock) for user in users]
        known[operation.id] = limiters
        return limiters

    def headers(self, operation: Operation, target: str) -> Mapping[str, str]:
        """Return the headers of one request, signed with OKX's time of now."""
        headers = dict(self._headers)
        if operation.signed:
            timestamp = self.clock.time() + self.clock_skew.value
            headers |= self.config.credentials.sign(operation.method, target, timestamp)
        return headers
