"""Blocking and asyncio clients.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from okx_maxloan_api.contract import GET_MAX_LOAN

from . import operations
from .batching import MAX_CONCURRENCY
from .clock import SystemClock
from .config import ClientConfig, settings_from_env
from .drivers import arun_concurrently, check_event_loop, run_async, run_concurrently, run_sync
from .exceptions import ClientClosedError
from .sites import Site
from .state import ClientState
from .transport import transport_factory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable
    from typing import Self, Unpack

    import httpx
    from okx_maxloan_api.contract import ExtraParameters

    from .batching import BatchResult
    from .clock import Clock
    from .config import ClientSettings
    from .credentials import Credentials
    from .effects import Flow
    from .limiter import Limiter, RateLimitStatus
    from .models import Account, Instrument, MaxLoan
    from .transport import AsyncTransport, Transport

T = TypeVar("T")
InstIds: TypeAlias = "str | Iterable[str]"
MgnMode: TypeAlias = Literal["cross", "isolated"]


class _BaseClient:
    """Settings, and what does not depend on blocking or asyncio."""

    _is_async = False
    _transport: Any = None

    def _configure(self, config: ClientConfig, http_client: object, proxy: str | None) -> None:
        self._create_transport = transport_factory(config.origin, proxy, http_client, is_async=self._is_async)
        self._state = ClientState(config)

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """Create a client from environment variables.

        OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE are required; OKX_SITE, OKX_DEMO, OKX_BASE_URL and
        OKX_LIMITER are the defaults of `site`, `demo`, `base_url` and `limiter`. Raises `ValueError` naming the
        variables that are missing or wrong.
        """
        return cls(**{**settings_from_env(), **settings})

    def __repr__(self) -> str:
        if not hasattr(self, "_state"):  # a traceback is rendered with the locals of a constructor that failed
            return f"{type(self).__name__}()"
        origin = self._state.config.origin
        return f"{type(self).__name__}({origin.scheme}://{origin.netloc})"

    @property
    def rate_limit(self) -> RateLimitStatus:
        """The rate limit of the maximum loan, and how much of it is in use."""
        return self._state.rate_limiters(GET_MAX_LOAN)[-1].status()

    def _get_transport(self) -> Any:
        if self._state.is_closed:
            raise ClientClosedError
        if self._transport is None:
            # `setdefault` is atomic: threads that call first together share one transport.
            return vars(self).setdefault("_transport", self._create_transport())
        return self._transport


class MaxLoanClient(_BaseClient):
    """Blocking client for OKX's maximum loan; safe for threads, and a context manager."""

    _transport: Transport | None = None

    def __init__(
        self,
        credentials: Credentials,
        *,
        site: Site = Site.GLOBAL,
        base_url: str | None = None,
        demo: bool = False,
        account: Account | Literal["auto"] | None = None,
        limiter: Limiter | str | None = None,
        rate_limit_key: str | None = None,
        http_client: httpx.Client | None = None,
        proxy: str | None = None,
        timeout: float = 10.0,
        total_timeout: float | None = None,
        max_retries: int = 2,
        language: Literal["en", "zh"] = "en",
        clock: Clock | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            credentials: API key, secret and passphrase.
            site: The regional site that the API key was created on.
            base_url: Another address of the site; https, or http to loopback.
            demo: Use demo trading, which has API keys of its own.
            account: Settings that account-dependent rules need; "auto" requests them once.
            limiter: "memory" (this process), "file:///folder" (this machine), "redis://host" (all machines), or a
                limiter object; default "memory".
            rate_limit_key: Name of the OKX user that requests are counted under; default the account's uid, or a hash
                of the API key while that is unknown.
            http_client: An `httpx.Client` to send with; the caller closes it.
            proxy: URL of a proxy; default the environment's.
            timeout: Seconds that one request may take.
            total_timeout: Seconds that one call may take, with waiting and retries; None for no limit.
            max_retries: How often a failed request is sent again.
            language: Language of explanations and hints in errors.
            clock: Source of time, for tests.

        Raises `ValueError` for a wrong setting, `ImportError` for one that needs an extra.
        """
        config = ClientConfig(
            credentials, site, base_url, demo, account, limiter, rate_limit_key, timeout, total_timeout, max_retries,
            language, clock or SystemClock(),
        )  # fmt: skip
        self._configure(config, http_client, proxy)

    def _run(self, flow: Flow[T]) -> T:
        return run_sync(flow, self._transport or self._get_transport(), self._state.clock)

    @overload
    def get_max_loan(
        self,
        inst_id: InstIds,
        /,
        *inst_ids: InstIds,
        mgn_mode: Literal["cross"],
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]: ...
    @overload
    def get_max_loan(
        self,
        inst_id: InstIds,
        /,
        *inst_ids: InstIds,
        mgn_mode: Literal["isolated"],
        mgn_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]: ...
    @overload
    def get_max_loan(
        self, *, mgn_mode: Literal["cross"], ccy: str, **extra: Unpack[ExtraParameters]
    ) -> list[MaxLoan]: ...
    def get_max_loan(
        self,
        *inst_ids: InstIds,
        mgn_mode: MgnMode,
        ccy: str | None = None,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]:
        """Return how much can be borrowed, in units of each row's `ccy`, in the order requested.

        https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument

        Args:
            inst_ids: Any number of trading pairs, such as "BTC-USDT"; five are sent in one request.
            mgn_mode: Margin mode, "cross" or "isolated".
            ccy: A currency instead of pairs; in Spot mode.
            mgn_ccy: Margin currency; in Futures mode.
            trade_quote_ccy: Quote currency that a spot trade settles in.
            extra: Parameters that OKX added later.

        Raises:
            InvalidParametersError: The parameters break rules of the endpoint; nothing was sent.
            ApiError: OKX rejected the request.
            PartialFailureError: Some pairs have no rows; it carries the rows of the others.
            MissingDataError: OKX returned no row for `ccy`.
            ApiConnectionError: No usable response.
            InvalidResponseError: The response violates the contract, or answers another request.
            RateLimitTimeoutError, LimiterUnavailableError: The limiter grants no permit; nothing was sent.
        """
        given = {"mgn_mode": mgn_mode, "ccy": ccy, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **extra}
        return self._run(operations.get_max_loan(self._state, inst_ids, given))

    def iter_max_loan(
        self,
        inst_ids: InstIds,
        *,
        mgn_mode: MgnMode,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> Generator[BatchResult, None, None]:
        """Yield the outcome of each request as it arrives, for any number of pairs; parameters as `get_max_loan`.

        Pairs are taken from `inst_ids` as they are needed, and nothing is kept. Errors are in `BatchResult.error`.
        Close it (`contextlib.closing`) to stop early.
        """
        given = {"mgn_mode": mgn_mode, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **extra}
        flows = operations.iter_max_loan(self._state, inst_ids, given)
        return run_concurrently(flows, MAX_CONCURRENCY, self._get_transport(), self._state.clock)

    def get_account(self) -> Account:
        """Return the account's settings; raises as `get_max_loan`.

        From now on account-dependent rules apply, and requests are counted under the account's uid.
        https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration
        """
        return self._run(operations.get_account(self._state))

    def get_instruments(self, inst_type: str = "MARGIN", inst_id: str | None = None) -> list[Instrument]:
        """Return the instruments that the account may trade, by default margin pairs; raises as `get_max_loan`.

        https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-instruments
        """
        return self._run(operations.get_instruments(self._state, inst_type, inst_id))

    def sync_clock(self) -> float:
        """Return how many seconds OKX's clock is ahead of this machine's; later requests are signed with its time.

        Raises as `get_max_loan`. https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time
        """
        return self._run(operations.measure_clock_offset(self._state))

    def close(self) -> None:
        """Close the connections; any later call raises `ClientClosedError`."""
        self._state.is_closed = True
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> Self:
        self._get_transport()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncMaxLoanClient(_BaseClient):
    """asyncio client for OKX's maximum loan; safe for tasks, on any event loop, and a context manager."""

    _is_async = True
    _transport: AsyncTransport | None = None

    def __init__(
        self,
        credentials: Credentials,
        *,
        site: Site = Site.GLOBAL,
        base_url: str | None = None,
        demo: bool = False,
        account: Account | Literal["auto"] | None = None,
        limiter: Limiter | str | None = None,
        rate_limit_key: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        proxy: str | None = None,
        timeout: float = 10.0,
        total_timeout: float | None = None,
        max_retries: int = 2,
        language: Literal["en", "zh"] = "en",
        clock: Clock | None = None,
    ) -> None:
        """Create a client; arguments and errors as `MaxLoanClient`."""
        config = ClientConfig(
            credentials, site, base_url, demo, account, limiter, rate_limit_key, timeout, total_timeout, max_retries,
            language, clock or SystemClock(),
        )  # fmt: skip
        self._configure(config, http_client, proxy)

    def _run(self, flow: Flow[T]) -> Coroutine[Any, Any, T]:
        if self._transport is None:
            check_event_loop()
        return run_async(flow, self._transport or self._get_transport(), self._state.clock)

    @overload
    async def get_max_loan(
        self,
        inst_id: InstIds,
        /,
        *inst_ids: InstIds,
        mgn_mode: Literal["cross"],
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]: ...
    @overload
    async def get_max_loan(
        self,
        inst_id: InstIds,
        /,
        *inst_ids: InstIds,
        mgn_mode: Literal["isolated"],
        mgn_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]: ...
    @overload
    async def get_max_loan(
        self, *, mgn_mode: Literal["cross"], ccy: str, **extra: Unpack[ExtraParameters]
    ) -> list[MaxLoan]: ...
    async def get_max_loan(
        self,
        *inst_ids: InstIds,
        mgn_mode: MgnMode,
        ccy: str | None = None,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> list[MaxLoan]:
        """Return how much can be borrowed; arguments and errors as `MaxLoanClient.get_max_loan`."""
        given = {"mgn_mode": mgn_mode, "ccy": ccy, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **extra}
        return await self._run(operations.get_max_loan(self._state, inst_ids, given))

    def iter_max_loan(
        self,
        inst_ids: InstIds,
        *,
        mgn_mode: MgnMode,
        mgn_ccy: str | None = None,
        trade_quote_ccy: str | None = None,
        **extra: Unpack[ExtraParameters],
    ) -> AsyncGenerator[BatchResult, None]:
        """Yield the outcome of each request as it arrives, as `MaxLoanClient.iter_max_loan`.

        Close it (`contextlib.aclosing`) to stop early.
        """
        given = {"mgn_mode": mgn_mode, "mgn_ccy": mgn_ccy, "trade_quote_ccy": trade_quote_ccy, **extra}
        flows = operations.iter_max_loan(self._state, inst_ids, given)
        return arun_concurrently(flows, MAX_CONCURRENCY, self._get_transport(), self._state.clock)

    async def get_account(self) -> Account:
        """Return the account's settings, as `MaxLoanClient.get_account`."""
        return await self._run(operations.get_account(self._state))

    async def get_instruments(self, inst_type: str = "MARGIN", inst_id: str | None = None) -> list[Instrument]:
        """Return the instruments that the account may trade, as `MaxLoanClient.get_instruments`."""
        return await self._run(operations.get_instruments(self._state, inst_type, inst_id))

    async def sync_clock(self) -> float:
        """Return how many seconds OKX's clock is ahead of this machine's, as `MaxLoanClient.sync_clock`."""
        return await self._run(operations.measure_clock_offset(self._state))

    async def close(self) -> None:
        """Close the connections; any later call raises `ClientClosedError`."""
        self._state.is_closed = True
        if self._transport is not None:
            await self._transport.close()

    async def __aenter__(self) -> Self:
        check_event_loop()
        self._get_transport()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
