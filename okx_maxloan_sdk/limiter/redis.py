"""Redis limiter: one limit for all machines that use one Redis or Valkey.

Times are the server's own: a clock there that is set back is harmless, one that is set forward by a second frees slots
a second early. The machines' clocks are never compared.
"""

from __future__ import annotations

from importlib.util import find_spec
from logging import Logger, getLogger
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from okx_maxloan_sdk.exceptions import LimiterUnavailableError

from .base import BaseLimiter
from .ledger import RECOVERY_MARGIN, Ledger, LimitKey, PermitId, RateLimit, Reservation
from .queue import AcquireQueue, StoreBusyError, shared_queue

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from okx_maxloan_sdk.clock import Clock

    from .base import RateLimitStatus
    from .redis_client import LuaScript

logger: Logger = getLogger(__name__)
# Seconds: how often the first waiter calls, so that a lost server is noticed; how often a lost server is tried. The
# latter bounds how long after its return a process still sends on its share, so it is well below RECOVERY_MARGIN.
POLL_INTERVAL = 0.25
RECONNECT_INTERVAL = 0.5
MICROSECONDS = 1e-6


class RedisStore:
    """A ledger at a server; while the server is unavailable, errors or this process's share of the limit.

    The share is used after one quiet period: then no request is in flight that the server granted. When the server is
    back it grants nothing for one quiet period if anything may have been sent on a share, because other processes may
    still do so until they notice.
    """

    is_blocking = True
    is_shared = True

    def __init__(self, script: LuaScript, key: str, fallback_share: float, now: Callable[[], float]) -> None:
        self._script, self._key, self._fallback_share, self._now = script, key, fallback_share, now
        self.after_fork()

    def after_fork(self) -> None:
        """Forget what is known of the server."""
        self._limit = RateLimit(1, 1.0)
        self._usage = [0, 0]
        # The share while the server is unavailable; at other times only what rejections cost.
        self._local = Ledger()
        self._unavailable_reason = ""
        self._reconnect_at = 0.0
        # The limit that the exchange refused to grant, until the server knows it.
        self._throttled: RateLimit | None = None
        self._reached_at = -inf

    def reserve(self, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        """Raise `LimiterUnavailableError` when the server refuses, or is unavailable and there is no fallback."""
        self._limit = limit
        try:
            granted, wait, earliest, *self._usage = self._call("reserve", _name(permit_id), lease, queued)
            reservation = Reservation(bool(granted), wait * MICROSECONDS, earliest * MICROSECONDS, self._usage[0])
        except StoreBusyError as error:
            if not self._fallback_share:
                raise LimiterUnavailableError(
                    f"the rate limiter's Redis at {self._script.server} is unavailable ({error}), and nothing is sent"
                    ' without it; start it, or pass on_unavailable="fallback"'
                ) from error
            reservation = self._local.reserve(self._now(), permit_id, lease, queued, self._share_limit(limit))
        return reservation if reservation.granted else reservation._replace(wait=min(reservation.wait, POLL_INTERVAL))

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Hold a slot for `hold` more seconds; raise `StoreBusyError` while the server does not know of it."""
        if self._unavailable_reason:
            self._local.release(self._now(), permit_id, hold)
        try:
            self._call("release", _name(permit_id), hold)
        except LimiterUnavailableError as error:
            raise StoreBusyError(str(error)) from error

    def throttle(self, limit: RateLimit) -> bool:
        """Reduce the capacity, at the server with the next call; return whether this rejection counts."""
        is_counted = self._local.throttle(self._now(), limit)
        if is_counted:
            self._throttled = limit
        return is_counted

    def usage(self, limit: RateLimit) -> tuple[int, int]:
        """Return the capacity and the number of slots in use, as the server said last."""
        if self._unavailable_reason:
            return self._local.usage(self._now(), self._share_limit(limit))
        capacity, in_use = self._usage
        return min(self._local.capacity(self._now(), limit), capacity or limit.max_requests), in_use

    def _call(self, operation: str, *arguments: Any) -> list[int]:
        """Run an operation; while the server is unavailable, try it once per `RECONNECT_INTERVAL`."""
        now = self._now()
        if self._unavailable_reason and now < self._reconnect_at:
            raise StoreBusyError(self._unavailable_reason)
        # A server that was not tried for a while may have been back meanwhile, and have granted slots to others.
        is_new_outage = not self._unavailable_reason or now > self._reconnect_at + RECONNECT_INTERVAL
        try:
            if self._unavailable_reason:
                self._resynchronize()
            if self._throttled:
                self._run("throttle", limit=self._throttled)
                self._throttled = None
            return self._run(operation, *arguments)
        except StoreBusyError as error:
            self._record_outage(error, is_new_outage)
            raise

    def _run(self, operation: str, *arguments: Any, limit: RateLimit | None = None) -> list[int]:
        limit = limit or self._limit
        settings = limit.period, limit.max_requests, limit.burst or 0, limit.reserve_ahead, RECOVERY_MARGIN
        reply = self._script(self._key, operation, *settings, *arguments)
        self._reached_at = self._now()
        return reply

    def _record_outage(self, error: StoreBusyError, is_new_outage: bool) -> None:
        now = self._now()
        self._reconnect_at = now + RECONNECT_INTERVAL
        if is_new_outage:
            self._local.blocked_until = now + self._limit.period + RECOVERY_MARGIN
        if not self._unavailable_reason:
            self._local.in_flight.clear()
            action = f"{self._fallback_share:.0%} of the limit is used" if self._fallback_share else "nothing is sent"
            logger.warning("the rate limiter's Redis at %s is unavailable, %s: %s", self._script.server, action, error)
        self._unavailable_reason = str(error) or "no reply"

    def _resynchronize(self) -> None:
        """Report to the server the requests that were sent without it; a call that may be repeated comes first."""
        # After RECOVERY_MARGIN others may use their share before they notice that the server is back.
        may_be_used = self._fallback_share and self._now() >= self._reached_at + RECOVERY_MARGIN
        self._run("block" if may_be_used else "usage")
        for permit_id, (_, end) in self._local.in_flight.items():
            self._run("release", _name(permit_id), max(0.0, end - self._now()))
        self._unavailable_reason = ""
        logger.warning("the rate limiter's Redis at %s is available again", self._script.server)

    def _share_limit(self, limit: RateLimit) -> RateLimit:
        return limit._replace(max_requests=max(1, int(limit.max_requests * self._fallback_share)))


def _name(permit_id: PermitId) -> str:
    # All owners' names are of one length, so that Lua orders them as numbers.
    return f"{permit_id[0]:015d}:{permit_id[1]}"


class RedisLimiter(BaseLimiter):
    """Limit the requests of all machines that use one Redis (6 or later) or Valkey; needs the extra `redis`.

    While the server is unavailable, every request raises `LimiterUnavailableError` (`on_unavailable="raise"`), or each
    process sends on `fallback_share` of the limit after one quiet period (`"fallback"`); choose it so that the shares
    of all processes make at most 1. Shares are for a server that all have lost: a process that alone cannot reach it
    would send its share on top of what the others send, so choose "raise" where that may happen. Nothing is sent for
    one period and a second when the server is new, was emptied, or is back after a process that has a share did not
    reach it for a second. A process that sent nothing in the whole outage does not know of it: it may use the whole
    limit for half a second while others still use their shares.
    Raises `ImportError` without the package redis, `ValueError` for a wrong URL or setting.
    """

    def __init__(
        self,
        url: str | LuaScript,
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
        *,
        on_unavailable: Literal["raise", "fallback"] = "raise",
        fallback_share: float = 0.25,
        prefix: str = "okx-maxloan",
    ) -> None:
        super().__init__(max_requests, period, burst, on_throttle)
        if find_spec("redis") is None:
            raise ImportError('RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"')
        from . import redis_client  # noqa: PLC0415 -- an extra

        if on_unavailable not in ("raise", "fallback"):
            message = f'on_unavailable must be "raise" or "fallback", not {on_unavailable!r}'
            raise ValueError(message)
        if not 0 < fallback_share <= 1:
            message = f"fallback_share must be a part of the limit, more than 0 and at most 1, not {fallback_share!r}"
            raise ValueError(message)
        self._script = url if isinstance(url, redis_client.LuaScript) else redis_client.script_for_url(url)
        self._prefix, self._fallback_share = prefix, fallback_share if on_unavailable == "fallback" else 0.0

    @classmethod
    def from_client(
        cls,
        client: Any,
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
        *,
        on_unavailable: Literal["raise", "fallback"] = "raise",
        fallback_share: float = 0.25,
        prefix: str = "okx-maxloan",
    ) -> Self:
        """Create a limiter that uses a `redis.Redis` or `redis.RedisCluster` with settings of the caller's own.

        The client needs a `socket_timeout`, which bounds how long a request waits for a server that hangs; its own
        retries add to that. Raises `TypeError` for an asyncio client, `ValueError` for one without a timeout.
        """
        from .redis_client import script_for_client  # noqa: PLC0415 -- an extra

        script, limits = script_for_client(client), (max_requests, period, burst, on_throttle)
        return cls(script, *limits, on_unavailable=on_unavailable, fallback_share=fallback_share, prefix=prefix)

    def __repr__(self) -> str:
        script = getattr(self, "_script", None)  # not in the traceback of a constructor that failed
        return f"RedisLimiter({script.server!r})" if script else "RedisLimiter()"

    def _shared_queue(self, key: LimitKey, clock: Clock) -> AcquireQueue:
        # Braces: a cluster keeps a key where the text inside them belongs.
        name = f"{self._prefix}:{{{'/'.join(filter(None, key))}}}"
        script, share = self._script, self._fallback_share
        return shared_queue((script.identity, name), clock, lambda: RedisStore(script, name, share, clock.monotonic))
