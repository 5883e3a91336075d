"""The two doors: MaxLoanClient blocks, AsyncMaxLoanClient awaits; what they do is decided elsewhere, once.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument
"""

from __future__ import annotations

import os
from contextlib import aclosing, closing
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from . import batch, questions
from .account import Account
from .clock import Clock, SystemClock
from .credentials import Credentials
from .endpoint import GET_MAX_LOAN, InstrumentRow, MaxLoan
from .errors import ClientClosed
from .flow import Flow, adrive, drive
from .limiter import create_limiter
from .session import Session
from .sites import Site, origin
from .transport import choice

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
    from types import TracebackType
    from typing import Self, Unpack

    import httpx
    from okx_maxloan_api.contract import NewParameters

    from .batch import Batch
    from .limiter import Limiter, RateLimitStatus
    from .transport import AsyncTransport, Transport

T = TypeVar("T")
InstIds: TypeAlias = "str | Iterable[str]"
MgnMode: TypeAlias = Literal["cross", "isolated"]
ENVIRONMENT = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
SWITCH = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


class _Door:
    """What both clients are made of."""

    _prefix: Literal["", "Async"] = ""

    def __init__(
        self,
        credentials: Credentials,
        *,
        site: Site = Site.GLOBAL,
        base_url: str | None = None,
        demo: bool = False,
        account: Account | Literal["auto"] | None = None,
        user: str | None = None,
        limiter: Limiter | str | None = None,
        transport: Literal["httpx", "httptools"] = "httpx",
        http: httpx.Client | httpx.AsyncClient | None = None,
        proxy: str | None = None,
        timeout: float = 10.0,
        deadline: float | None = None,
        attempts: int = 3,
        language: Literal["en", "zh"] = "en",
        clock: Clock | None = None,
    ) -> None:
        """Make a client.

        `site` is the regional site that the key was made on, `base_url` another address of it (https; http to loopback
        only); `demo` sends to demo trading, which has keys of its own. `account` switches on the rules that depend on
        the account: an `Account`, or "auto" to ask for it once. `limiter` is "memory" (all clients of this process),
        "file:///path" (all processes of this machine), "redis://..." (all machines) or a limiter; it counts by the OKX
        user: `user`, else the account's uid, else a hash of the key. `timeout` bounds one request and `deadline` a
        whole call, waiting and trying again included, in seconds; `attempts` is how often a request is sent at most.
        `transport` is "httpx" (httpcore, its engine) or "httptools" (a parser in C; the extra `fast`); `http` is an
        httpx client of the caller's own in place of both, which the caller closes. `proxy` is a URL, else the
        environment's is used. `language` is that of errors.

        Raises `ValueError` for a setting that cannot be, `ImportError` for one that needs an extra.
        """
        faults = {
            "credentials must be Credentials(key, secret, passphrase)": not isinstance(credentials, Credentials),
            "site must be a Site, such as Site.EEA": not isinstance(site, Site),
            "timeout must be a positive number of seconds": not 0 < timeout < inf,
            "deadline must be None or a positive number of seconds": deadline is not None and not 0 < deadline < inf,
            "attempts must be at least 1": attempts < 1,
            'language must be "en" or "zh"': language not in ("en", "zh"),
            'account must be an Account, "auto" or None': not isinstance(account, Account | None) and account != "auto",
        }
        wrong = [fault for fault, found in faults.items() if found]
        wrong += choice.faults(transport, proxy, http, self._prefix)
        if wrong:
            raise ValueError("; ".join(wrong))
        self._choice = transport, proxy, http
        self._session = Session(
            credentials=credentials,
            origin=origin(base_url or site.value),
            limiter=create_limiter(limiter),
            clock=clock or SystemClock(),
            demo=demo,
            timeout=timeout,
            deadline=deadline,
            attempts=attempts,
            language=language,
            user=user,
            account=account if isinstance(account, Account) else None,
            auto_account=account == "auto",
            site=site,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._session.origin.scheme}://{self._session.origin.netloc})"

    @classmethod
    def from_env(cls, **settings: Any) -> Self:
        """Make a client from OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE.

        OKX_SITE, OKX_DEMO, OKX_BASE_URL and OKX_LIMITER are optional.

        Raises `ValueError` naming the variables that are missing or wrong.
        """
        if missing := [name for name in ENVIRONMENT if not os.environ.get(name)]:
            message = f"not set: {', '.join(missing)}; export them, or pass Credentials(key, secret, passphrase)"
            raise ValueError(message)
        site, demo = os.environ.get("OKX_SITE", "global"), os.environ.get("OKX_DEMO", "").lower()
        if site.upper() not in Site.__members__:
            message = f"OKX_SITE must be one of {', '.join(Site.__members__).lower()}, not {site!r}"
            raise ValueError(message)
        if demo not in SWITCH:
            message = f"OKX_DEMO must be 1 or 0, not {demo!r}"
            raise ValueError(message)
        found = {
            "site": Site[site.upper()],
            "demo": SWITCH[demo],
            "base_url": os.environ.get("OKX_BASE_URL") or None,
            "limiter": os.environ.get("OKX_LIMITER") or None,
        }
        return cls(Credentials(*(os.environ[name] for name in ENVIRONMENT)), **{**found, **settings})

    @property
    def rate_limit(self) -> RateLimitStatus:
        """The limit of maximum loan, and how much of it is in use."""
        return self._session.rate_limiters(GET_MAX_LOAN)[-1].status()

    def _usable(self) -> Session:
        if self._session.closed:
            raise ClientClosed
        return self._session


class MaxLoanClient(_Door):
    """Asks OKX how much an account may borrow; safe for threads, and a context manager."""

    _carrier: Transport | None = None

    @property
    def _transport(self) -> Transport:
        if self._carrier is None:
            # `setdefault` is atomic: threads that call first together share one.
            new = choice.make(self._session.origin, *self._choice, self._prefix)
            carrier: Transport = vars(self).setdefault("_carrier", new)
            return carrier
        return self._carrier

    def _drive(self, flow: Flow[T]) -> T:
        return drive(flow, self._transport, self._usable().clock)

    @overload
    def max_loan(
        self,
        *,
        mgn_mode: Literal["cross"],
        inst_id: InstIds,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> list[MaxLoan]: ...
    @overload
    def max_loan(
        self,
        *,
        mgn_mode: Literal["isolated"],
        inst_id: InstIds,
        mgn_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> list[MaxLoan]: ...
    @overload
    def max_loan(self, *, mgn_mode: Literal["cross"], ccy: str, **new: Unpack[NewParameters]) -> list[MaxLoan]: ...
    def max_loan(self, **parameters: Any) -> list[MaxLoan]:
        """Ask the endpoint with its own parameters; more pairs than fit into a request become several.

        `mgn_mode` is "cross" or "isolated"; `inst_id` one pair or many; `ccy` a currency instead of pairs, in Spot
        mode; `mgn_ccy` the currency posted as margin, in Futures mode; `trade_quote_ccy` the quote currency that a
        spot trade would be settled in. Rows come in the order asked, with exact amounts in units of their `ccy`.

        Raises `RuleError` before anything is sent, `ApiError` for a refusal, `BatchError` when only some requests
        failed, `TransportError` when there is no answer and `BadAnswer` when it cannot be read.
        """
        return self._drive(batch.ask(self._session, parameters))

    def cross(
        self, *inst_ids: InstIds, mgn_ccy: str | None = None, trade_quote_ccy: str | None = None
    ) -> list[MaxLoan]:
        """Ask about pairs under cross margin; raises as `max_loan` does."""
        given = {"mgn_mode": "cross", "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy}
        return self._drive(batch.ask(self._session, {**given, "inst_id": inst_ids}))

    def isolated(self, *inst_ids: InstIds, mgn_ccy: str | None = None) -> list[MaxLoan]:
        """Ask about pairs under isolated margin; raises as `max_loan` does."""
        given = {"mgn_mode": "isolated", "mgn_ccy": mgn_ccy}
        return self._drive(batch.ask(self._session, {**given, "inst_id": inst_ids}))

    def currency(self, ccy: str) -> list[MaxLoan]:
        """Ask for the manual-borrow quota of a currency, in Spot mode; raises as `max_loan` does."""
        return self._drive(batch.ask(self._session, {"mgn_mode": "cross", "ccy": ccy}))

    def stream(
        self,
        inst_ids: InstIds,
        *,
        mgn_mode: MgnMode,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> Generator[Batch, None, None]:
        """Ask about any number of pairs, and yield each request's rows or error as it ends; nothing is kept.

        Abandon it with `close()` or by leaving a `with contextlib.closing(...)`. Raises `TypeError` for a parameter
        that is none.
        """
        given = {"mgn_mode": mgn_mode, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **new}
        return self._stream(batch.stream(self._usable(), {**given, "inst_id": inst_ids}))

    def _stream(self, flows: Iterator[Flow[list[Batch]]]) -> Generator[Batch, None, None]:
        from .together import drive_each  # noqa: PLC0415 -- threads load when there is something for them

        with closing(drive_each(flows, batch.WIDTH, self._transport, self._session.clock)) as results:
            for batches in results:
                yield from batches

    def account(self) -> Account:
        """Ask for the account's settings.

        From now on the rules that depend on them apply, and the limit counts by the account's uid.
        """
        return self._drive(questions.account(self._session, self._session.until()))

    def instruments(self, inst_type: str = "MARGIN", inst_id: str | None = None) -> list[InstrumentRow]:
        """Ask which instruments this account may trade, margin pairs unless told otherwise."""
        return self._drive(questions.instruments(self._session, inst_type, inst_id))

    def clock_offset(self) -> float:
        """Measure how many seconds the exchange's clock is ahead, and sign with its time from now on."""
        return self._drive(questions.clock_offset(self._session))

    def close(self) -> None:
        """Close the connections; any later call raises `ClientClosed`."""
        self._session.closed = True
        if self._carrier is not None:
            self._carrier.close()

    def __enter__(self) -> Self:
        self._usable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


class AsyncMaxLoanClient(_Door):
    """Asks OKX how much an account may borrow; safe for tasks, on any event loop, and a context manager."""

    _prefix = "Async"
    _carrier: AsyncTransport | None = None

    @property
    def _transport(self) -> AsyncTransport:
        if self._carrier is None:
            new = choice.make(self._session.origin, *self._choice, self._prefix)
            carrier: AsyncTransport = vars(self).setdefault("_carrier", new)
            return carrier
        return self._carrier

    async def _drive(self, flow: Flow[T]) -> T:
        return await adrive(flow, self._transport, self._usable().clock)

    @overload
    async def max_loan(
        self,
        *,
        mgn_mode: Literal["cross"],
        inst_id: InstIds,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> list[MaxLoan]: ...
    @overload
    async def max_loan(
        self,
        *,
        mgn_mode: Literal["isolated"],
        inst_id: InstIds,
        mgn_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> list[MaxLoan]: ...
    @overload
    async def max_loan(
        self, *, mgn_mode: Literal["cross"], ccy: str, **new: Unpack[NewParameters]
    ) -> list[MaxLoan]: ...
    async def max_loan(self, **parameters: Any) -> list[MaxLoan]:
        """Ask the endpoint with its own parameters; more pairs than fit into a request become several.

        `mgn_mode` is "cross" or "isolated"; `inst_id` one pair or many; `ccy` a currency instead of pairs, in Spot
        mode; `mgn_ccy` the currency posted as margin, in Futures mode; `trade_quote_ccy` the quote currency that a
        spot trade would be settled in. Rows come in the order asked, with exact amounts in units of their `ccy`.

        Raises `RuleError` before anything is sent, `ApiError` for a refusal, `BatchError` when only some requests
        failed, `TransportError` when there is no answer and `BadAnswer` when it cannot be read.
        """
        return await self._drive(batch.ask(self._session, parameters))

    async def cross(
        self, *inst_ids: InstIds, mgn_ccy: str | None = None, trade_quote_ccy: str | None = None
    ) -> list[MaxLoan]:
        """Ask about pairs under cross margin; raises as `max_loan` does."""
        given = {"mgn_mode": "cross", "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy}
        return await self._drive(batch.ask(self._session, {**given, "inst_id": inst_ids}))

    async def isolated(self, *inst_ids: InstIds, mgn_ccy: str | None = None) -> list[MaxLoan]:
        """Ask about pairs under isolated margin; raises as `max_loan` does."""
        given = {"mgn_mode": "isolated", "mgn_ccy": mgn_ccy}
        return await self._drive(batch.ask(self._session, {**given, "inst_id": inst_ids}))

    async def currency(self, ccy: str) -> list[MaxLoan]:
        """Ask for the manual-borrow quota of a currency, in Spot mode; raises as `max_loan` does."""
        return await self._drive(batch.ask(self._session, {"mgn_mode": "cross", "ccy": ccy}))

    def stream(
        self,
        inst_ids: InstIds,
        *,
        mgn_mode: MgnMode,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **new: Unpack[NewParameters],
    ) -> AsyncGenerator[Batch, None]:
        """Ask about any number of pairs, and yield each request's rows or error as it ends; nothing is kept.

        Abandon it with `aclose()` or by leaving an `async with contextlib.aclosing(...)`. Raises `TypeError` for a
        parameter that is none.
        """
        given = {"mgn_mode": mgn_mode, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **new}
        return self._stream(batch.stream(self._usable(), {**given, "inst_id": inst_ids}))

    async def _stream(self, flows: Iterator[Flow[list[Batch]]]) -> AsyncGenerator[Batch, None]:
        from .together import adrive_each  # noqa: PLC0415 -- as above

        async with aclosing(adrive_each(flows, batch.WIDTH, self._transport, self._session.clock)) as results:
            async for batches in results:
                for each in batches:
                    yield each

    async def account(self) -> Account:
        """Ask for the account's settings.

        From now on the rules that depend on them apply, and the limit counts by the account's uid.
        """
        return await self._drive(questions.account(self._session, self._session.until()))

    async def instruments(self, inst_type: str = "MARGIN", inst_id: str | None = None) -> list[InstrumentRow]:
        """Ask which instruments this account may trade, margin pairs unless told otherwise."""
        return await self._drive(questions.instruments(self._session, inst_type, inst_id))

    async def clock_offset(self) -> float:
        """Measure how many seconds the exchange's clock is ahead, and sign with its time from now on."""
        return await self._drive(questions.clock_offset(self._session))

    async def close(self) -> None:
        """Close the connections; any later call raises `ClientClosed`."""
        self._session.closed = True
        if self._carrier is not None:
            await self._carrier.close()

    async def __aenter__(self) -> Self:
        self._usable()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()
