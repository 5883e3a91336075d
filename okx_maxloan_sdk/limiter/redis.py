"""A window in Redis or Valkey: all machines share it.

Times are the server's own: a clock there that is set back is harmless, one that is set forward by a second frees slots
a second early. The machines' clocks are never asked.
"""

from __future__ import annotations

import hashlib
import os
from importlib.resources import files
from importlib.util import find_spec
from math import inf
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from attrs import evolve

from okx_maxloan_sdk.errors import NotSent

from .queue import Queue, queue, warn
from .slot import BaseLimiter
from .window import GRACE, Answer, Key, Ledger, Rule, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock

    from .queue import Snapshot

# Seconds: how long one word from the server may take; how often who waits asks, so that a server that went away is
# noticed; how often one that is away is tried. The last bounds how long after its return somebody still sends on a
# share, so it is less than a period.
SOCKET_TIMEOUT, HEARTBEAT, PROBE = 0.3, 0.25, 1.0
MICROSECONDS = 1e-6


class Away(Exception):
    """The server cannot be asked now."""


class Script:
    """The ledger in Lua, and a connection to run it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pid = 0
        self._text = files("okx_maxloan_sdk.limiter").joinpath("redis.lua").read_text()
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._client: Any = None

    def __call__(self, key: str, *arguments: Any) -> list[int]:
        """Run an operation; raises `Away` within twice the socket's timeout."""
        from redis import exceptions  # noqa: PLC0415 -- it takes 0.2 s to load, for those who use it

        try:
            try:
                return self._run(key, arguments)
            except exceptions.AuthenticationError:
                raise
            except exceptions.ConnectionError:
                # A server that was started anew has closed the connection: that shows only when it is used.
                return self._run(key, arguments)
        except (exceptions.RedisError, OSError) as failure:
            raise Away(str(failure)) from failure

    def _run(self, key: str, arguments: tuple[Any, ...]) -> list[int]:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 -- as above

        client = self._connected()
        try:
            answer: list[int] = client.evalsha(self._sha, 1, key, *arguments)
        except NoScriptError:
            answer = client.eval(self._text, 1, key, *arguments)
        return answer

    def _connected(self) -> Any:
        if self._pid != os.getpid():
            from redis import Redis  # noqa: PLC0415 -- as above
            from redis.backoff import NoBackoff  # noqa: PLC0415 -- as above
            from redis.retry import Retry  # noqa: PLC0415 -- as above

            self._client = Redis.from_url(
                self._url,
                socket_timeout=SOCKET_TIMEOUT,
                socket_connect_timeout=SOCKET_TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            )
            self._pid = os.getpid()
        return self._client


class RedisStore:
    """A ledger at a server; while the server is away, this process's share of it, or refusals.

    `_local` knows the slots of this process only. When the server goes, those that it still holds once every slot is
    in use that was granted ahead are its own: the server gave them to nobody else, so all processes' own slots make at
    most the limit, and each goes on with its own, if they are not more than its share. After one quiet period nothing
    that the server granted is held any more, and each has its whole share.
    """

    blocking = True
    shared = True

    def __init__(
        self, script: Callable[..., list[int]], key: str, place: str, share: float, now: Callable[[], float]
    ) -> None:
        self._script, self._key, self._place, self._share, self._now = script, key, place, share, now
        self.forked()

    def forked(self) -> None:
        """Start with nothing known of the server."""
        self._rule = Rule(1, 1.0)
        self._demand = 0
        self._last: Answer | None = None
        self._local = Ledger()
        self._own, self._whole_share_at = 0, -inf
        self._flying_there: set[Token] = set()
        self._away = ""
        self._try_at = 0.0
        self._sent_alone = self._penalty = False

    def reserve(self, token: Token, lease: float, demand: int, rule: Rule) -> Answer:
        """Reserve a slot, or say when to ask again; raises `NotSent` when it is refused without the server."""
        self._rule, self._demand = rule, demand
        if not self._away or self._now() >= self._try_at:
            try:
                if self._penalty:
                    self._ask("penalize")
                    self._penalty = False
                granted, wait, soonest, slots, held = self._ask("reserve", _name(token), lease, demand)
            except Away as failure:
                self._leave(failure)
            else:
                return self._granted(token, lease, Answer(bool(granted), wait, soonest, slots, held))
        return self._alone(token, lease, demand)

    def commit(self, token: Token, hold: float) -> None:
        """Hold a slot for `hold` more seconds."""
        now = self._now()
        # When nobody waits here, this may be the last word for long: a server that is back must not miss it.
        if not self._away or self._demand <= 1 or now >= self._try_at:
            try:
                self._ask("commit", _name(token), hold)
            except Away as failure:
                self._leave(failure)
        self._local.commit(now, token, hold)

    def penalize(self, rule: Rule) -> bool:
        """Take slots away, and tell whether this refusal counts; the server hears of it with the next request."""
        counts = self._local.penalize(self._now(), rule)
        self._penalty |= counts
        return counts

    def inspect(self, rule: Rule) -> tuple[int, int]:
        """Count the slots there are and those held, as the server last said."""
        # Another thread may be at work in the ledger: here it is only read.
        now, local = self._now(), self._local
        slots = local.slots(now, self._part(rule) if self._away else rule)
        if self._away or self._last is None:
            return slots, len(local.flying) + sum(release > now for release in local.held.release)
        return min(slots, self._last.slots), self._last.held

    def _ask(self, operation: str, *arguments: Any) -> list[int]:
        if self._away:
            self._catch_up()
        answer = self._run(operation, *arguments)
        if self._away:
            self._away = ""
            warn("the rate limiter's Redis at %s is back", self._place)
        return answer

    def _run(self, operation: str, *arguments: Any) -> list[int]:
        rule = self._rule
        settings = rule.period, rule.requests, rule.burst or 0, rule.ahead, GRACE
        return self._script(self._key, operation, *settings, *arguments)

    def _granted(self, token: Token, lease: float, answer: Answer) -> Answer:
        now, wait = self._now(), answer.wait * MICROSECONDS
        self._local.sweep(now)
        if answer.granted:
            self._local.flying[token] = now + wait, now + wait + lease
        else:
            wait = min(wait, HEARTBEAT)
        self._last = answer._replace(wait=wait, soonest=answer.soonest * MICROSECONDS)
        return self._last

    def _leave(self, failure: Away) -> None:
        now, flying = self._now(), self._local.flying
        self._try_at = now + PROBE
        if not self._away:
            self._own = len(flying) + sum(release > now + self._rule.ahead for release in self._local.held.release)
            self._whole_share_at = now + self._rule.period + GRACE
            self._local.quiet = -inf if self._own else self._whole_share_at
            self._flying_there = set(flying)
            self._sent_alone = False
            action = f"on {self._share:.0%} of the limit" if self._share else "refusing to send"
            warn("the rate limiter's Redis at %s is away, %s: %s", self._place, action, failure)
        self._away = str(failure) or "no answer"

    def _catch_up(self) -> None:
        """Tell the server what it missed."""
        now = self._now()
        if self._sent_alone:
            # Others may still send on their share; they will find the server within PROBE.
            self._run("hush")
        held = self._local.held
        missed = dict.fromkeys(self._flying_there, now)
        missed |= {token: end for token, (_, end) in self._local.flying.items()}
        missed |= {(held.owner[row], held.number[row]): release for row, release in enumerate(held.release)}
        for token, release in missed.items():
            self._run("commit", _name(token), max(0.0, release - now))

    def _alone(self, token: Token, lease: float, demand: int) -> Answer:
        if not self._share:
            message = (
                f"the rate limiter's Redis at {self._place} is away ({self._away}), and without it nothing is sent:"
                ' start it, or pass without_redis="share"'
            )
            raise NotSent(message)
        answer = self._local.reserve(self._now(), token, lease, demand, self._part(self._rule))
        self._sent_alone |= answer.granted
        return answer if answer.granted else answer._replace(wait=min(answer.wait, PROBE))

    def _part(self, rule: Rule) -> Rule:
        share = max(1, int(rule.requests * self._share))
        own = self._own if self._now() < self._whole_share_at else 0
        return evolve(rule, requests=min(share, own or share))


def _name(token: Token) -> str:
    # All owners' names are of one length, so that Lua orders them as numbers.
    return f"{token[0]:015.0f}:{token[1]:.0f}"


class RedisLimiter(BaseLimiter):
    """Counts over all machines that use one Redis (6 or later) or Valkey; needs the extra `redis`.

    While the server is away, each process goes on with its `share` of the limit (`without_redis="share"`; choose it so
    that all shares together make at most 1): at once with the slots it holds, after one quiet period with all of its
    share. Or it sends nothing and raises `NotSent` (`without_redis="refuse"`). Shares are meant for a server that all
    have lost: a process that alone cannot reach it sends its share on top of what the others send, so where that may
    happen, choose "refuse". A server that is new or was emptied is quiet for one period, too, and so is one that is
    back after somebody sent on a share.
    Raises `ImportError` without the package redis, `ValueError` for a URL or setting that cannot be.
    """

    def __init__(
        self,
        url: str,
        limit: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_cut: Callable[[Snapshot], object] | None = None,
        *,
        without_redis: Literal["share", "refuse"] = "share",
        share: float = 0.25,
        prefix: str = "okx-maxloan",
    ) -> None:
        super().__init__(limit, period, burst, on_cut)
        if find_spec("redis") is None:
            raise ImportError('RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"')
        if without_redis not in ("share", "refuse"):
            message = f'without_redis must be "share" or "refuse", not {without_redis!r}'
            raise ValueError(message)
        if not 0 < share <= 1:
            message = f"share must be a part of the limit, more than 0 and at most 1, not {share!r}"
            raise ValueError(message)
        self._place, self._prefix = _place(url), prefix
        self._share = share if without_redis == "share" else 0.0
        self._url = url
        self._script: Script | None = None

    def __repr__(self) -> str:
        return f"RedisLimiter({self._place!r})"

    def _queue(self, key: Key, clock: Clock) -> Queue:
        name = f"{self._prefix}:{{{key.host}/{key.user}/{key.operation}}}"
        self._script = script = self._script or Script(self._url)
        return queue(
            (self._url, name), clock, lambda: RedisStore(script, name, self._place, self._share, clock.monotonic)
        )


def _place(url: str) -> str:
    """Show a URL without its user and password."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("redis", "rediss") and parts.hostname:
            return f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}{parts.path}"
    except ValueError:
        pass
    raise ValueError(
        "a Redis URL is redis://[user:password@]host[:port][/database], or rediss:// for TLS;"
        " signs such as / # @ in a password are written %2F %23 %40"
    ) from None
