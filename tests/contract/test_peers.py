"""Third-party clients on the served mock exchange: they sign requests themselves and receive the same rows as ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock.server import MockServer, run_mock_server
from tests.support.clients import get_max_loan

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = [
    ("spot", {"instId": "BTC-USDT,ETH-USDT", "mgnMode": "cross"}),
    ("spot", {"instId": "BTC-USDC", "mgnMode": "cross", "tradeQuoteCcy": "USD"}),
    ("futures", {"instId": "BTC-USDT", "mgnMode": "isolated"}),
    ("futures", {"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": "BTC"}),
    ("multi_currency", {"instId": "SOL-USDT", "mgnMode": "cross"}),
    ("portfolio", {"instId": "ETH-BTC", "mgnMode": "cross"}),
]
OUR_NAMES = {"instId": "inst_id", "mgnMode": "mgn_mode", "mgnCcy": "mgn_ccy", "tradeQuoteCcy": "trade_quote_ccy"}


@pytest.fixture(scope="module")
def exchange() -> Iterator[MockServer]:
    """Serve one exchange for all third-party clients."""
    with run_mock_server() as server:
        server.exchange.enforce_rate_limit = False
        yield server


def rows(exchange: MockServer, user: str, query: dict[str, str], their_rows: Any) -> Iterator[tuple[Any, Any]]:
    """Pair each row of a third-party client with our client's, without the empty fields that the response lacked."""
    params: Any = {OUR_NAMES[name]: value for name, value in query.items()}
    names = {field.name: field.attribute for field in GET_MAX_LOAN.fields}
    for theirs, row in zip(their_rows, get_max_loan(exchange.client(user), **params), strict=True):
        mine = {name: getattr(row, attribute) for name, attribute in names.items()}
        yield theirs, {name: value for name, value in mine.items() if name in theirs or value}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("user", "query"), REQUESTS)
def test_python_okx(exchange: MockServer, user: str, query: dict[str, str]) -> None:
    """python-okx 0.4.4 receives the same rows."""
    account = pytest.importorskip("okx.Account")
    key = exchange.key(user)
    client = account.AccountAPI(key.key, key.secret, key.passphrase, flag="0", domain=exchange.url)
    with client:
        response = client.get_max_loan(**query)
    assert response["code"] == "0"
    assert all(theirs == mine for theirs, mine in rows(exchange, user, query, response["data"]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_python_okx_on_demo_trading(exchange: MockServer) -> None:
    """python-okx's default, demo trading, accepts the demo key and rejects the live one."""
    account = pytest.importorskip("okx.Account")
    codes = []
    for number in (1, 0):
        key = exchange.key("spot", number)
        with account.AccountAPI(key.key, key.secret, key.passphrase, domain=exchange.url) as client:
            codes.append(client.get_max_loan("BTC-USDT", "cross")["code"])
    assert codes == ["0", "50101"]


def ccxt_client(exchange: MockServer, user: str, **parts: str) -> Any:
    """Create a ccxt client for the exchange."""
    ccxt = pytest.importorskip("ccxt")
    key = exchange.key(user)
    client = ccxt.okx({"apiKey": key.key, "secret": key.secret, "password": key.passphrase, **parts})
    client.urls["api"]["rest"] = exchange.url
    client.session.trust_env = False
    return client


@pytest.mark.parametrize(("user", "query"), REQUESTS)
def test_ccxt(exchange: MockServer, user: str, query: dict[str, str]) -> None:
    """Ccxt receives the same rows."""
    client = ccxt_client(exchange, user)
    response = client.private_get_account_max_loan(query)
    client.session.close()
    assert response["code"] == "0"
    assert all(theirs == mine for theirs, mine in rows(exchange, user, query, response["data"]))


@pytest.mark.parametrize(
    ("parts", "query", "error"),
    [
        ({"secret": "wrong"}, {}, "AuthenticationError"),
        ({"password": "wrong"}, {}, "AuthenticationError"),
        ({}, {"instId": "BTC-USDT-SWAP"}, "BadRequest"),
        ({}, {"mgnMode": "isolated"}, "BadRequest"),
    ],
)
def test_ccxt_maps_errors(exchange: MockServer, parts: dict[str, str], query: dict[str, str], error: str) -> None:
    """Ccxt maps the mock's errors to the same exceptions as OKX's."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt_client(exchange, "spot", **parts)
    with pytest.raises(getattr(ccxt, error)):
        client.private_get_account_max_loan({"instId": "BTC-USDT", "mgnMode": "cross", **query})
    client.session.close()
