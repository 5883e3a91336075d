from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import UNSET, Unset

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.error_response import ErrorResponse
    from ...models.get_max_loan_mgn_mode import GetMaxLoanMgnMode
    from ...models.max_loan_response import MaxLoanResponse
    from ...types import Response


def _get_kwargs(
    *,
    mgn_mode: GetMaxLoanMgnMode,
    inst_id: str | Unset = UNSET,
    ccy: str | Unset = UNSET,
    mgn_ccy: str | Unset = UNSET,
    trade_quote_ccy: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_mgn_mode: str = mgn_mode
    params["mgnMode"] = json_mgn_mode

    params["instId"] = inst_id

    params["ccy"] = ccy

    params["mgnCcy"] = mgn_ccy

    params["tradeQuoteCcy"] = trade_quote_ccy

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v5/account/max-loan",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | MaxLoanResponse | None:
    from ... import errors
    from ...models.error_response import ErrorResponse
    from ...models.max_loan_response import MaxLoanResponse

    if response.status_code == 200:
        response_200 = MaxLoanResponse.from_dict(response.json())

        return response_200

    if 400 <= response.status_code <= 499:
        response_4xx = ErrorResponse.from_dict(response.json())

        return response_4xx

    if 500 <= response.status_code <= 599:
        response_5xx = ErrorResponse.from_dict(response.json())

        return response_5xx

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | MaxLoanResponse]:
    from http import HTTPStatus

    from ...types import Response

    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    mgn_mode: GetMaxLoanMgnMode,
    inst_id: str | Unset = UNSET,
    ccy: str | Unset = UNSET,
    mgn_ccy: str | Unset = UNSET,
    trade_quote_ccy: str | Unset = UNSET,
) -> Response[ErrorResponse | MaxLoanResponse]:
    """Maximum loan of an instrument or a currency · 产品或币种的最大可借

    How much the account can still borrow: one row for each order side of a trading pair, or the maximum
    loan of a currency.
    OKX may still reject a later loan or order when the amount is positive.
    账户当前的最大可借：按币对查询时每个订单方向一条，按币种查询时返回该币种的最大可借。
    最大可借大于 0 不代表一定能借到：OKX 仍可能拒绝下单或借币。

    Args:
        mgn_mode (GetMaxLoanMgnMode): Margin mode of the position.
            保证金模式（OKX 也称仓位类型）。
            `isolated`: The margin of one position stands apart from the rest of the account.
            逐仓：单个仓位的保证金与账户其余资产分开。
            `cross`: All positions share the account's margin. 全仓：所有仓位共用账户保证金。
        inst_id (str | Unset): One to five trading pairs, joined by commas. Needed unless `ccy` is
            given.
            一到五个币对，用半角逗号连接。未传 `ccy` 时必填。
        ccy (str | Unset): Currency whose maximum manual loan is requested, in Spot mode with
            borrowing enabled. Takes the place of `instId`.
            要查询手动借币最大可借的币种，仅适用于已开通借币的现货模式；按币种查询时代替 `instId`。
        mgn_ccy (str | Unset): Currency posted as margin; applies to isolated margin, and to cross
            margin in Futures mode.
            保证金币种，适用于逐仓杠杆，以及合约模式下的全仓杠杆。
        trade_quote_ccy (str | Unset): Quote currency that a trade settles in, for instruments of
            type SPOT only; default the pair's own. `USD` settles X-USDC in USD.
            交易时使用的计价币种，仅适用于币币；不传时为该币对自身的计价币种。查询 X-USDC 时传 `USD` 则以 USD 结算。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | MaxLoanResponse]
    """

    kwargs = _get_kwargs(
        mgn_mode=mgn_mode,
        inst_id=inst_id,
        ccy=ccy,
        mgn_ccy=mgn_ccy,
        trade_quote_ccy=trade_quote_ccy,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    mgn_mode: GetMaxLoanMgnMode,
    inst_id: str | Unset = UNSET,
    ccy: str | Unset = UNSET,
    mgn_ccy: str | Unset = UNSET,
    trade_quote_ccy: str | Unset = UNSET,
) -> ErrorResponse | MaxLoanResponse | None:
    """Maximum loan of an instrument or a currency · 产品或币种的最大可借

    How much the account can still borrow: one row for each order side of a trading pair, or the maximum
    loan of a currency.
    OKX may still reject a later loan or order when the amount is positive.
    账户当前的最大可借：按币对查询时每个订单方向一条，按币种查询时返回该币种的最大可借。
    最大可借大于 0 不代表一定能借到：OKX 仍可能拒绝下单或借币。

    Args:
        mgn_mode (GetMaxLoanMgnMode): Margin mode of the position.
            保证金模式（OKX 也称仓位类型）。
            `isolated`: The margin of one position stands apart from the rest of the account.
            逐仓：单个仓位的保证金与账户其余资产分开。
            `cross`: All positions share the account's margin. 全仓：所有仓位共用账户保证金。
        inst_id (str | Unset): One to five trading pairs, joined by commas. Needed unless `ccy` is
            given.
            一到五个币对，用半角逗号连接。未传 `ccy` 时必填。
        ccy (str | Unset): Currency whose maximum manual loan is requested, in Spot mode with
            borrowing enabled. Takes the place of `instId`.
            要查询手动借币最大可借的币种，仅适用于已开通借币的现货模式；按币种查询时代替 `instId`。
        mgn_ccy (str | Unset): Currency posted as margin; applies to isolated margin, and to cross
            margin in Futures mode.
            保证金币种，适用于逐仓杠杆，以及合约模式下的全仓杠杆。
        trade_quote_ccy (str | Unset): Quote currency that a trade settles in, for instruments of
            type SPOT only; default the pair's own. `USD` settles X-USDC in USD.
            交易时使用的计价币种，仅适用于币币；不传时为该币对自身的计价币种。查询 X-USDC 时传 `USD` 则以 USD 结算。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | MaxLoanResponse
    """

    return sync_detailed(
        client=client,
        mgn_mode=mgn_mode,
        inst_id=inst_id,
        ccy=ccy,
        mgn_ccy=mgn_ccy,
        trade_quote_ccy=trade_quote_ccy,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    mgn_mode: GetMaxLoanMgnMode,
    inst_id: str | Unset = UNSET,
    ccy: str | Unset = UNSET,
    mgn_ccy: str | Unset = UNSET,
    trade_quote_ccy: str | Unset = UNSET,
) -> Response[ErrorResponse | MaxLoanResponse]:
    """Maximum loan of an instrument or a currency · 产品或币种的最大可借

    How much the account can still borrow: one row for each order side of a trading pair, or the maximum
    loan of a currency.
    OKX may still reject a later loan or order when the amount is positive.
    账户当前的最大可借：按币对查询时每个订单方向一条，按币种查询时返回该币种的最大可借。
    最大可借大于 0 不代表一定能借到：OKX 仍可能拒绝下单或借币。

    Args:
        mgn_mode (GetMaxLoanMgnMode): Margin mode of the position.
            保证金模式（OKX 也称仓位类型）。
            `isolated`: The margin of one position stands apart from the rest of the account.
            逐仓：单个仓位的保证金与账户其余资产分开。
            `cross`: All positions share the account's margin. 全仓：所有仓位共用账户保证金。
        inst_id (str | Unset): One to five trading pairs, joined by commas. Needed unless `ccy` is
            given.
            一到五个币对，用半角逗号连接。未传 `ccy` 时必填。
        ccy (str | Unset): Currency whose maximum manual loan is requested, in Spot mode with
            borrowing enabled. Takes the place of `instId`.
            要查询手动借币最大可借的币种，仅适用于已开通借币的现货模式；按币种查询时代替 `instId`。
        mgn_ccy (str | Unset): Currency posted as margin; applies to isolated margin, and to cross
            margin in Futures mode.
            保证金币种，适用于逐仓杠杆，以及合约模式下的全仓杠杆。
        trade_quote_ccy (str | Unset): Quote currency that a trade settles in, for instruments of
            type SPOT only; default the pair's own. `USD` settles X-USDC in USD.
            交易时使用的计价币种，仅适用于币币；不传时为该币对自身的计价币种。查询 X-USDC 时传 `USD` 则以 USD 结算。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | MaxLoanResponse]
    """

    kwargs = _get_kwargs(
        mgn_mode=mgn_mode,
        inst_id=inst_id,
        ccy=ccy,
        mgn_ccy=mgn_ccy,
        trade_quote_ccy=trade_quote_ccy,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    mgn_mode: GetMaxLoanMgnMode,
    inst_id: str | Unset = UNSET,
    ccy: str | Unset = UNSET,
    mgn_ccy: str | Unset = UNSET,
    trade_quote_ccy: str | Unset = UNSET,
) -> ErrorResponse | MaxLoanResponse | None:
    """Maximum loan of an instrument or a currency · 产品或币种的最大可借

    How much the account can still borrow: one row for each order side of a trading pair, or the maximum
    loan of a currency.
    OKX may still reject a later loan or order when the amount is positive.
    账户当前的最大可借：按币对查询时每个订单方向一条，按币种查询时返回该币种的最大可借。
    最大可借大于 0 不代表一定能借到：OKX 仍可能拒绝下单或借币。

    Args:
        mgn_mode (GetMaxLoanMgnMode): Margin mode of the position.
            保证金模式（OKX 也称仓位类型）。
            `isolated`: The margin of one position stands apart from the rest of the account.
            逐仓：单个仓位的保证金与账户其余资产分开。
            `cross`: All positions share the account's margin. 全仓：所有仓位共用账户保证金。
        inst_id (str | Unset): One to five trading pairs, joined by commas. Needed unless `ccy` is
            given.
            一到五个币对，用半角逗号连接。未传 `ccy` 时必填。
        ccy (str | Unset): Currency whose maximum manual loan is requested, in Spot mode with
            borrowing enabled. Takes the place of `instId`.
            要查询手动借币最大可借的币种，仅适用于已开通借币的现货模式；按币种查询时代替 `instId`。
        mgn_ccy (str | Unset): Currency posted as margin; applies to isolated margin, and to cross
            margin in Futures mode.
            保证金币种，适用于逐仓杠杆，以及合约模式下的全仓杠杆。
        trade_quote_ccy (str | Unset): Quote currency that a trade settles in, for instruments of
            type SPOT only; default the pair's own. `USD` settles X-USDC in USD.
            交易时使用的计价币种，仅适用于币币；不传时为该币对自身的计价币种。查询 X-USDC 时传 `USD` 则以 USD 结算。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | MaxLoanResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            mgn_mode=mgn_mode,
            inst_id=inst_id,
            ccy=ccy,
            mgn_ccy=mgn_ccy,
            trade_quote_ccy=trade_quote_ccy,
        )
    ).parsed
