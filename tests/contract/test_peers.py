"""Clients that nobody here wrote, on the served mock exchange: they sign on their own, and get what our client gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock.server import MockServer, run_mock_server
from tests.support.clients import get_max_loan

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS = [
    ("spot", {"instId": "BTC-USDT,ETH-USDT", "mgnMode": "cross"}),
    ("spot", {"instId": "BTC-USDC", "mgnMode": "cross", "tradeQuoteCcy": "USD"}),
    ("futures", {"instId": "BTC-USDT", "mgnMode": "isolated"}),
    ("futures", {"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": "BTC"}),
    ("multi_currency", {"instId": "SOL-USDT", "mgnMode": "cross"}),
    ("portfolio", {"instId": "ETH-BTC", "mgnMode": "cross"}),
]
ours = {"instId": "inst_id", "mgnMode": "mgn_mode", "mgnCcy": "mgn_ccy", "tradeQuoteCcy": "trade_quote_ccy"}


@pytest.fixture(scope="module")
def exchange() -> Iterator[MockServer]:
    """Serve one exchange for all peers."""
    with run_mock_server() as served:
        served.exchange.enforce_rate_limit = False
        yield served


def rows(exchange: MockServer, user: str, query: dict[str, str], found: Any) -> Iterator[tuple[Any, Any]]:
    """Ask with our own client; give its rows beside theirs, without the fields that stood in no answer."""
    given: Any = {ours[name]: value for name, value in query.items()}
    names = {field.name: field.attribute for field in GET_MAX_LOAN.fields}
    for theirs, row in zip(found, get_max_loan(exchange.client(user), **given), strict=True):
        mine = {name: getattr(row, attribute) for name, attribute in names.items()}
        yield theirs, {name: value for name, value in mine.items() if name in theirs or value}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("user", "query"), QUESTIONS)
def test_python_okx(exchange: MockServer, user: str, query: dict[str, str]) -> None:
    """python-okx 0.4.4 gets the same rows."""
    account = pytest.importorskip("okx.Account")
    key = exchange.key(user)
    client = account.AccountAPI(key.key, key.secret, key.passphrase, flag="0", domain=exchange.url)
    with client:
        answer = client.get_max_loan(**query)
    assert answer["code"] == "0"
    assert all(theirs == mine for theirs, mine in rows(exchange, user, query, answer["data"]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_python_okx_on_demo_trading(exchange: MockServer) -> None:
    """python-okx's default, demo trading, takes the demo key and refuses the live one."""
    account = pytest.importorskip("okx.Account")
    codes = []
    for number in (1, 0):
        key = exchange.key("spot", number)
        with account.AccountAPI(key.key, key.secret, key.passphrase, domain=exchange.url) as client:
            codes.append(client.get_max_loan("BTC-USDT", "cross")["code"])
    assert codes == ["0", "50101"]


def ccxt_client(exchange: MockServer, user: str, **parts: str) -> Any:
    """Make a client of ccxt, pointed at the exchange."""
    ccxt = pytest.importorskip("ccxt")
    key = exchange.key(user)
    client = ccxt.okx({"apiKey": key.key, "secret": key.secret, "password": key.passphrase, **parts})
    client.urls["api"]["rest"] = exchange.url
    client.session.trust_env = False
    return client


@pytest.mark.parametrize(("user", "query"), QUESTIONS)
def test_ccxt(exchange: MockServer, user: str, query: dict[str, str]) -> None:
    """Ccxt gets the same rows."""
    client = ccxt_client(exchange, user)
    answer = client.private_get_account_max_loan(query)
    client.session.close()
    assert answer["code"] == "0"
    assert all(theirs == mine for theirs, mine in rows(exchange, user, query, answer["data"]))


@pytest.mark.parametrize(
    ("parts", "query", "error"),
    [
        ({"secret": "wrong"}, {}, "AuthenticationError"),
        ({"password": "wrong"}, {}, "AuthenticationError"),
        ({}, {"instId": "BTC-USDT-SWAP"}, "BadRequest"),
        ({}, {"mgnMode": "isolated"}, "BadRequest"),
    ],
)
def test_ccxt_understands_refusals(
    exchange: MockServer, parts: dict[str, str], query: dict[str, str], error: str
) -> None:
    """Ccxt sorts the mock's refusals as it sorts OKX's."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt_client(exchange, "spot", **parts)
    with pytest.raises(getattr(ccxt, error)):
        client.private_get_account_max_loan({"instId": "BTC-USDT", "mgnMode": "cross", **query})
    client.session.close()
