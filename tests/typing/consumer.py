"""A program that uses the package: what type checkers accept, and what they must not.

Each wrong line says why and with which of mypy's codes; test_consumer.py checks that mypy and pyright find just these.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, assert_type

from okx_maxloan_sdk import (
    Account,
    AccountMode,
    ApiError,
    AsyncMaxLoanClient,
    Batch,
    BatchError,
    Credentials,
    FileLimiter,
    MaxLoan,
    MaxLoanClient,
    MemoryLimiter,
    OkxError,
    RuleError,
    Site,
)

if TYPE_CHECKING:
    from decimal import Decimal

credentials = Credentials("key", "secret", "passphrase")
pairs = ["BTC-USDT", "ETH-USDT"]


def right(client: MaxLoanClient) -> Decimal | None:
    """Ask in every way that there is."""
    assert_type(client.max_loan(mgn_mode="cross", inst_id="BTC-USDT"), list[MaxLoan])
    client.max_loan(mgn_mode="cross", inst_id=pairs, mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.max_loan(mgn_mode="isolated", inst_id=(each for each in pairs), mgn_ccy="BTC")
    client.max_loan(mgn_mode="cross", ccy="USDT")
    client.cross("BTC-USDT", pairs, mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.isolated(*pairs, mgn_ccy=None)
    client.currency("USDT")
    for batch in client.stream(pairs, mgn_mode="cross"):
        assert_type(batch, Batch)
        assert_type(batch.loans, tuple[MaxLoan, ...])
        assert_type(batch.error, OkxError | None)
    assert_type(client.account(), Account)
    assert_type(client.account().mode, AccountMode | None)
    assert_type(client.instruments("SPOT")[0].trade_quote_ccy_list, list[str])
    assert_type(client.clock_offset(), float)
    try:
        return client.cross("BTC-USDT")[0].amount
    except BatchError as error:
        assert_type(error.loans, list[MaxLoan])
    except (RuleError, ApiError) as error:
        print(error)  # noqa: T201 -- as a program would
    return None


async def right_async(client: AsyncMaxLoanClient) -> None:
    """Ask the same with await."""
    assert_type(await client.max_loan(mgn_mode="cross", inst_id="BTC-USDT"), list[MaxLoan])
    await client.max_loan(mgn_mode="cross", ccy="USDT")
    await asyncio.gather(client.cross("BTC-USDT"), client.isolated(pairs), client.currency("USDT"))
    async with aclosing(client.stream(iter(pairs), mgn_mode="isolated", mgn_ccy="BTC")) as batches:
        async for batch in batches:
            assert_type(batch, Batch)


def settings() -> None:
    """Make clients."""
    with MaxLoanClient(
        credentials, site=Site.EEA, demo=True, account="auto", limiter="memory", language="zh"
    ) as client:
        assert_type(client, MaxLoanClient)
    MaxLoanClient(credentials, account=Account(mode=AccountMode.SPOT), limiter=MemoryLimiter(burst=5), deadline=None)
    AsyncMaxLoanClient(credentials, account=Account(mode="futures"), limiter=FileLimiter("folder"), attempts=1)
    assert_type(AsyncMaxLoanClient.from_env(timeout=3.0), AsyncMaxLoanClient)


def wrong(client: MaxLoanClient) -> None:
    """Ask for what is never answered."""
    client.max_loan(mgn_mode="cross", ccy="USDT", mgn_ccy="BTC")  # type: ignore[call-overload] # a rule: never together
    client.max_loan(mgn_mode="isolated", inst_id="BTC-USDT", trade_quote_ccy="USDC")  # type: ignore[call-overload] # spot
    client.max_loan(mgn_mode="isolated", ccy="USDT")  # type: ignore[call-overload] # a currency is asked with cross
    client.max_loan(mgn_mode="croos", inst_id="BTC-USDT")  # type: ignore[call-overload] # misspelt
    client.max_loan(mgn_mode="cross")  # type: ignore[call-overload] # pairs or a currency
    client.max_loan(inst_id="BTC-USDT")  # type: ignore[call-overload] # no mode
    client.max_loan(mgn_mode="cross", inst_id="BTC-USDT", ccy="USDT")  # type: ignore[call-overload] # two questions
    client.max_loan(mgn_mode="cross", instId="BTC-USDT")  # type: ignore[call-overload] # OKX's name, not ours
    client.max_loan("cross", "BTC-USDT")  # type: ignore[call-overload] # by name only
    client.max_loan(mgn_mode="cross", inst_id=5)  # type: ignore[call-overload] # no text
    client.isolated("BTC-USDT", trade_quote_ccy="USDC")  # type: ignore[call-arg] # spot
    client.currency("USDT", mgn_ccy="BTC")  # type: ignore[call-arg] # a rule: never together
    client.cross(ccy="USDT")  # type: ignore[call-arg] # that is currency()
    client.stream(pairs)  # type: ignore[call-arg] # no mode
    client.stream(pairs, mgn_mode="Cross")  # type: ignore[arg-type] # misspelt
    client.cross("BTC-USDT")[0].max_loan + 1  # type: ignore[operator] # text; `amount` is the number
    client.cross("BTC-USDT")[0].amount + 1  # type: ignore[operator] # None where OKX gave none


async def wrong_async(client: AsyncMaxLoanClient) -> None:
    """Ask for what is never answered, with await and without."""
    await client.max_loan(mgn_mode="cross", ccy="USDT", mgn_ccy="BTC")  # type: ignore[call-overload] # never together
    await client.max_loan(mgn_mode="isolated", inst_id="BTC-USDT", trade_quote_ccy="USDC")  # type: ignore[call-overload] # spot
    await client.max_loan(mgn_mode="isolated", ccy="USDT")  # type: ignore[call-overload] # cross
    await client.max_loan(mgn_mode="croos", inst_id="BTC-USDT")  # type: ignore[call-overload] # misspelt
    len(client.cross("BTC-USDT"))  # type: ignore[arg-type] # not awaited
    for _ in client.stream(pairs, mgn_mode="cross"):  # type: ignore[attr-defined] # async for
        pass


def wrong_settings() -> None:
    """Make clients that cannot be."""
    MaxLoanClient("key")  # type: ignore[arg-type] # Credentials
    MaxLoanClient(credentials, site="eea")  # type: ignore[arg-type] # a Site
    MaxLoanClient(credentials, account="Auto")  # type: ignore[arg-type] # misspelt
    MaxLoanClient(credentials, language="de")  # type: ignore[arg-type] # not spoken
    MaxLoanClient(credentials, verify=False)  # type: ignore[call-arg] # there is no such switch
    MaxLoanClient(credentials, limiter=5)  # type: ignore[arg-type] # a limiter or its address
