from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.account_config_response import AccountConfigResponse
    from ...models.error_response import ErrorResponse
    from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v5/account/config",
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccountConfigResponse | ErrorResponse | None:
    from ... import errors
    from ...models.account_config_response import AccountConfigResponse
    from ...models.error_response import ErrorResponse

    if response.status_code == 200:
        response_200 = AccountConfigResponse.from_dict(response.json())

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
) -> Response[AccountConfigResponse | ErrorResponse]:
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
) -> Response[AccountConfigResponse | ErrorResponse]:
    """Settings of the account · 账户配置

    The account's mode and margin settings, which decide what maximum loan accepts, and what the API key
    may do.
    账户模式与保证金设置（决定最大可借接口接受哪些参数），以及 API key 的权限。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountConfigResponse | ErrorResponse]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
) -> AccountConfigResponse | ErrorResponse | None:
    """Settings of the account · 账户配置

    The account's mode and margin settings, which decide what maximum loan accepts, and what the API key
    may do.
    账户模式与保证金设置（决定最大可借接口接受哪些参数），以及 API key 的权限。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountConfigResponse | ErrorResponse
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[AccountConfigResponse | ErrorResponse]:
    """Settings of the account · 账户配置

    The account's mode and margin settings, which decide what maximum loan accepts, and what the API key
    may do.
    账户模式与保证金设置（决定最大可借接口接受哪些参数），以及 API key 的权限。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountConfigResponse | ErrorResponse]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> AccountConfigResponse | ErrorResponse | None:
    """Settings of the account · 账户配置

    The account's mode and margin settings, which decide what maximum loan accepts, and what the API key
    may do.
    账户模式与保证金设置（决定最大可借接口接受哪些参数），以及 API key 的权限。

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountConfigResponse | ErrorResponse
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
