from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import UNSET, Unset

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.error_response import ErrorResponse
    from ...models.get_account_instruments_inst_type import (
        GetAccountInstrumentsInstType,
    )
    from ...models.instruments_response import InstrumentsResponse
    from ...types import Response


def _get_kwargs(
    *,
    inst_type: GetAccountInstrumentsInstType,
    inst_id: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_inst_type: str = inst_type
    params["instType"] = json_inst_type

    params["instId"] = inst_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v5/account/instruments",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | InstrumentsResponse | None:
    from ... import errors
    from ...models.error_response import ErrorResponse
    from ...models.instruments_response import InstrumentsResponse

    if response.status_code == 200:
        response_200 = InstrumentsResponse.from_dict(response.json())

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
) -> Response[ErrorResponse | InstrumentsResponse]:
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
    inst_type: GetAccountInstrumentsInstType,
    inst_id: str | Unset = UNSET,
) -> Response[ErrorResponse | InstrumentsResponse]:
    """Instruments open to the account · 账户可交易的产品

    What this account may trade of one instrument type, with the quote currencies each pair can be
    settled in.
    该账户在某一产品类型下可交易的产品，以及各币对可用的计价币种。

    Args:
        inst_type (GetAccountInstrumentsInstType): Instrument type. Pairs that can be margined are
            MARGIN.
            产品类型。可做杠杆的币对为 MARGIN。
            `SPOT`: Spot pairs. 币币。
            `MARGIN`: Pairs that can be traded on margin. 币币杠杆。
            `SWAP`: Perpetual contracts. 永续合约。
            `FUTURES`: Contracts with an expiry. 交割合约。
            `OPTION`: Options. 期权。
        inst_id (str | Unset): One instrument only; all of the type when left out.
            仅查询某一产品；不传则返回该类型的全部产品。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | InstrumentsResponse]
    """

    kwargs = _get_kwargs(
        inst_type=inst_type,
        inst_id=inst_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    inst_type: GetAccountInstrumentsInstType,
    inst_id: str | Unset = UNSET,
) -> ErrorResponse | InstrumentsResponse | None:
    """Instruments open to the account · 账户可交易的产品

    What this account may trade of one instrument type, with the quote currencies each pair can be
    settled in.
    该账户在某一产品类型下可交易的产品，以及各币对可用的计价币种。

    Args:
        inst_type (GetAccountInstrumentsInstType): Instrument type. Pairs that can be margined are
            MARGIN.
            产品类型。可做杠杆的币对为 MARGIN。
            `SPOT`: Spot pairs. 币币。
            `MARGIN`: Pairs that can be traded on margin. 币币杠杆。
            `SWAP`: Perpetual contracts. 永续合约。
            `FUTURES`: Contracts with an expiry. 交割合约。
            `OPTION`: Options. 期权。
        inst_id (str | Unset): One instrument only; all of the type when left out.
            仅查询某一产品；不传则返回该类型的全部产品。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | InstrumentsResponse
    """

    return sync_detailed(
        client=client,
        inst_type=inst_type,
        inst_id=inst_id,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    inst_type: GetAccountInstrumentsInstType,
    inst_id: str | Unset = UNSET,
) -> Response[ErrorResponse | InstrumentsResponse]:
    """Instruments open to the account · 账户可交易的产品

    What this account may trade of one instrument type, with the quote currencies each pair can be
    settled in.
    该账户在某一产品类型下可交易的产品，以及各币对可用的计价币种。

    Args:
        inst_type (GetAccountInstrumentsInstType): Instrument type. Pairs that can be margined are
            MARGIN.
            产品类型。可做杠杆的币对为 MARGIN。
            `SPOT`: Spot pairs. 币币。
            `MARGIN`: Pairs that can be traded on margin. 币币杠杆。
            `SWAP`: Perpetual contracts. 永续合约。
            `FUTURES`: Contracts with an expiry. 交割合约。
            `OPTION`: Options. 期权。
        inst_id (str | Unset): One instrument only; all of the type when left out.
            仅查询某一产品；不传则返回该类型的全部产品。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | InstrumentsResponse]
    """

    kwargs = _get_kwargs(
        inst_type=inst_type,
        inst_id=inst_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    inst_type: GetAccountInstrumentsInstType,
    inst_id: str | Unset = UNSET,
) -> ErrorResponse | InstrumentsResponse | None:
    """Instruments open to the account · 账户可交易的产品

    What this account may trade of one instrument type, with the quote currencies each pair can be
    settled in.
    该账户在某一产品类型下可交易的产品，以及各币对可用的计价币种。

    Args:
        inst_type (GetAccountInstrumentsInstType): Instrument type. Pairs that can be margined are
            MARGIN.
            产品类型。可做杠杆的币对为 MARGIN。
            `SPOT`: Spot pairs. 币币。
            `MARGIN`: Pairs that can be traded on margin. 币币杠杆。
            `SWAP`: Perpetual contracts. 永续合约。
            `FUTURES`: Contracts with an expiry. 交割合约。
            `OPTION`: Options. 期权。
        inst_id (str | Unset): One instrument only; all of the type when left out.
            仅查询某一产品；不传则返回该类型的全部产品。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | InstrumentsResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            inst_type=inst_type,
            inst_id=inst_id,
        )
    ).parsed
