"""Third-party clients on the served mock exchange: they sign requests themselves and receive the same rows as ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock import ApiKey
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server
from tests.support.clients import get_max_loan

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


def call_python_okx(url: str, key: ApiKey, query: dict[str, str], **options: str) -> Any:
    """Send a request with python-okx 0.4.4, by default to demo trading."""
    account = pytest.importorskip("okx.Account")
    with account.AccountAPI(key.key, key.secret, key.passphrase, domain=url, **options) as client:
        return client.get_max_loan(**query)


def call_ccxt(url: str, key: ApiKey, query: dict[str, str], **options: str) -> Any:
    """Send a request with ccxt."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.okx({"apiKey": key.key, "secret": key.secret, "password": key.passphrase, **options})
    client.urls["api"]["rest"] = url
    client.session.trust_env = False
    with client.session:
        return client.private_get_account_max_loan(query)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("peer", ["python-okx", "ccxt"])
@pytest.mark.parametrize(("user", "query"), REQUESTS)
def test_rows(exchange: MockServer, peer: str, user: str, query: dict[str, str]) -> None:
    """Each peer receives the same rows as our client, apart from empty fields that a response lacks."""
    key = exchange.key(user)
    response = (
        call_ccxt(exchange.url, key, query) if peer == "ccxt" else call_python_okx(exchange.url, key, query, flag="0")
    )
    loans = get_max_loan(exchange.client(user), **{OUR_NAMES[name]: value for name, value in query.items()})
    assert response["code"] == "0"
    for theirs, loan in zip(response["data"], loans, strict=True):
        ours = {field.name: getattr(loan, field.attribute) for field in GET_MAX_LOAN.fields}
        assert theirs == {name: value for name, value in ours.items() if name in theirs or value}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_python_okx_on_demo_trading(exchange: MockServer) -> None:
    """python-okx's default, demo trading, accepts the demo key and rejects the live one."""
    keys = [exchange.key("spot", number) for number in (1, 0)]
    responses = [call_python_okx(exchange.url, key, {"instId": "BTC-USDT", "mgnMode": "cross"}) for key in keys]
    assert [each["code"] for each in responses] == ["0", "50101"]


@pytest.mark.parametrize(
    ("options", "query", "error"),
    [
        ({"secret": "wrong"}, {}, "AuthenticationError"),
        ({"password": "wrong"}, {}, "AuthenticationError"),
        ({}, {"instId": "BTC-USDT-SWAP"}, "BadRequest"),
        ({}, {"mgnMode": "isolated"}, "BadRequest"),
    ],
)
def test_ccxt_maps_errors(exchange: MockServer, options: dict[str, str], query: dict[str, str], error: str) -> None:
    """Ccxt maps the mock's errors to the same exceptions as OKX's."""
    ccxt = pytest.importorskip("ccxt")
    params = {"instId": "BTC-USDT", "mgnMode": "cross", **query}
    with pytest.raises(getattr(ccxt, error)):
        call_ccxt(exchange.url, exchange.key("spot"), params, **options)
