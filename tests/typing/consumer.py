"""A program that uses the package: calls that type checkers accept, and calls that they must reject.

Each wrong line has a reason and mypy's code. `make types` fails where mypy does not report exactly this code, and where
pyright does not report exactly these lines.
"""
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

import asyncio
from contextlib import aclosing
from decimal import Decimal
from typing import assert_type

from okx_maxloan_sdk import (
    Account,
    AccountMode,
    ApiError,
    AsyncMaxLoanClient,
    BatchResult,
    Credentials,
    FileLimiter,
    InvalidParametersError,
    MaxLoan,
    MaxLoanClient,
    MemoryLimiter,
    OkxError,
    PartialFailureError,
    Site,
)

credentials = Credentials("key", "secret", "passphrase")
pairs = ["BTC-USDT", "ETH-USDT"]


def right(client: MaxLoanClient) -> Decimal | None:
    """Make every kind of valid call."""
    assert_type(client.get_max_loan("BTC-USDT", mgn_mode="cross"), list[MaxLoan])
    client.get_max_loan(pairs, mgn_mode="cross", mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.get_max_loan((each for each in pairs), mgn_mode="isolated", mgn_ccy="BTC")
    client.get_max_loan(mgn_mode="cross", ccy="USDT")
    client.get_max_loan("BTC-USDT", pairs, mgn_mode="cross", mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.get_max_loan(*pairs, mgn_mode="isolated", mgn_ccy=None)
    for batch in client.iter_max_loan(pairs, mgn_mode="cross"):
        assert_type(batch, BatchResult)
        assert_type(batch.loans, tuple[MaxLoan, ...])
        assert_type(batch.error, OkxError | None)
    assert_type(client.get_account(), Account)
    assert_type(client.get_account().mode, AccountMode | None)
    assert_type(client.get_instruments("SPOT")[0].trade_quote_ccy_list, tuple[str, ...])
    assert_type(client.sync_clock(), float)
    try:
        return client.get_max_loan("BTC-USDT", mgn_mode="cross")[0].amount
    except PartialFailureError as error:
        assert_type(error.loans, list[MaxLoan])
    except (InvalidParametersError, ApiError) as error:
        print(error)  # noqa: T201 -- as a program would
    return None


async def right_async(client: AsyncMaxLoanClient) -> None:
    """Make calls with await; tests/test_client.py compares the signatures of both clients."""
    assert_type(await client.get_max_loan("BTC-USDT", mgn_mode="cross"), list[MaxLoan])
    await asyncio.gather(
        client.get_max_loan("BTC-USDT", mgn_mode="cross"),
        client.get_max_loan(pairs, mgn_mode="isolated"),
        client.get_max_loan(mgn_mode="cross", ccy="USDT"),
    )
    async with aclosing(client.iter_max_loan(iter(pairs), mgn_mode="isolated", mgn_ccy="BTC")) as batches:
        async for batch in batches:
            assert_type(batch, BatchResult)


def settings() -> None:
    """Make clients."""
    with MaxLoanClient(
        credentials, site=Site.EEA, demo=True, account="auto", limiter="memory", language="zh"
    ) as client:
        assert_type(client, MaxLoanClient)
    MaxLoanClient(
        credentials, account=Account(mode=AccountMode.SPOT), limiter=MemoryLimiter(burst=5), total_timeout=None
    )
    AsyncMaxLoanClient(
        credentials, account=Account(mode=AccountMode.FUTURES), limiter=FileLimiter("folder"), max_retries=0
    )
    assert_type(AsyncMaxLoanClient.from_env(timeout=3.0), AsyncMaxLoanClient)


def wrong(client: MaxLoanClient) -> None:
    """Make calls that are always invalid."""
    client.get_max_loan(mgn_mode="cross", ccy="USDT", mgn_ccy="BTC")  # type: ignore[call-overload] # a rule: never together
    client.get_max_loan("BTC-USDT", mgn_mode="isolated", trade_quote_ccy="USDC")  # type: ignore[call-overload] # spot
    client.get_max_loan(mgn_mode="isolated", ccy="USDT")  # type: ignore[call-overload] # a currency needs cross
    client.get_max_loan("BTC-USDT", mgn_mode="croos")  # type: ignore[call-overload] # misspelt
    client.get_max_loan(mgn_mode="cross")  # type: ignore[call-overload] # pairs or a currency
    client.get_max_loan("BTC-USDT")  # type: ignore[call-overload] # no mode
    client.get_max_loan("BTC-USDT", mgn_mode="cross", ccy="USDT")  # type: ignore[call-overload] # two questions
    client.get_max_loan(mgn_mode="cross", instId="BTC-USDT")  # type: ignore[call-overload] # OKX's name, not ours
    client.get_max_loan("cross", "BTC-USDT")  # type: ignore[call-overload] # by name only
    client.get_max_loan(5, mgn_mode="cross")  # type: ignore[call-overload] # no text
    client.iter_max_loan(pairs)  # type: ignore[call-arg] # no mode
    MaxLoanClient.from_env(timout=5)  # type: ignore[call-arg] # misspelt
    MaxLoanClient.from_env(max_retries="2")  # type: ignore[arg-type] # no number
    client.iter_max_loan(pairs, mgn_mode="Cross")  # type: ignore[arg-type] # misspelt
    client.get_max_loan("BTC-USDT", mgn_mode="cross")[0].max_loan + 1  # type: ignore[operator] # text; `amount` is the number
    client.get_max_loan("BTC-USDT", mgn_mode="cross")[0].amount + 1  # type: ignore[operator] # None where OKX gave none


async def wrong_async(client: AsyncMaxLoanClient) -> None:
    """Make invalid calls, with await and without."""
    await client.get_max_loan(mgn_mode="cross", ccy="USDT", mgn_ccy="BTC")  # type: ignore[call-overload] # never together
    len(client.get_max_loan("BTC-USDT", mgn_mode="cross"))  # type: ignore[arg-type] # not awaited
    for _ in client.iter_max_loan(pairs, mgn_mode="cross"):  # type: ignore[attr-defined] # async for
        pass


def wrong_settings() -> None:
    """Make clients with invalid settings."""
    MaxLoanClient("key")  # type: ignore[arg-type] # Credentials
    MaxLoanClient(credentials, site="eea")  # type: ignore[arg-type] # a Site
    MaxLoanClient(credentials, account="Auto")  # type: ignore[arg-type] # misspelt
    MaxLoanClient(credentials, language="de")  # type: ignore[arg-type] # not spoken
    MaxLoanClient(credentials, verify=False)  # type: ignore[call-arg] # there is no such switch
    MaxLoanClient(credentials, limiter=5)  # type: ignore[arg-type] # a limiter or its address
