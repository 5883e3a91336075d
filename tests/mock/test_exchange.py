"""The mock exchange as a Python object; tests/contract checks its responses."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk.messages import load_catalogue
from okx_maxloan_sdk.mock import ApiKey, LogEntry, MockExchange, User, default_exchange
from okx_maxloan_sdk.mock.market import drift_after, max_loan_rows
from okx_maxloan_sdk.mock.responses import CODE_BY_CHECK, ERROR_BY_RULE, ERROR_RESPONSES
from okx_maxloan_sdk.mock.user import CONFIG_ROW
from tests.contract.accounts import ManualClock
from tests.contract.raw_request import RawRequest, handle, signed
from tests.support.contract_values import LIMIT

PAIR = RawRequest(b"mgnMode=cross&instId=BTC-USDT")


def send(exchange: MockExchange, raw: RawRequest, user: str = "spot") -> Any:
    """Send a request of a user, and return the body of the response."""
    key = exchange.users[user].keys[0]
    return json.loads(handle(exchange, signed(key, raw, exchange.clock.time())).body)


def test_threads_share_the_limit() -> None:
    """Eight threads that send concurrently get exactly as many successful responses as the limit permits."""
    exchange = default_exchange(ManualClock())
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda _: send(exchange, PAIR)["code"], range(2 * LIMIT.requests)))
    assert (codes.count("0"), codes.count("50011")) == (LIMIT.requests, LIMIT.requests)


def test_custom_exchange() -> None:
    """A user may have any key, changes at run time apply from the next request, and the log has every request."""
    key = ApiKey("my key", "my secret", "my phrase")
    exchange = MockExchange({"me": User("7", [key])}, ManualClock())
    assert send(exchange, PAIR, "me")["code"] == "0"
    exchange.users["me"].borrowing = False
    assert send(exchange, PAIR, "me")["code"] == "51010"
    key.permissions = ()
    assert send(exchange, PAIR, "me")["code"] == "50120"
    exchange.users["me"].keys[0] = ApiKey("other", "my secret", "my phrase")
    assert json.loads(handle(exchange, signed(key, PAIR)).body)["code"] == "50111"
    line = (exchange.clock.monotonic(), "GET", "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT")
    assert [*exchange.log] == [LogEntry(*line, status) for status in (200, 200, 200, 401)]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("mgnMode=cross", "50015", "instId or ccy is needed"),
        ("mgnMode=cross&instId=", "50014", "instId is empty"),
        ("mgnMode=cros&instId=BTC-USDT", "51000", "not accepted: mgnMode"),
        ("mgnMode=cross&instId=BTC", "51000", "not accepted: instIdBTC"),
        ("mgnMode=cross&instId=BTC-USDT&instId=BTC-USDT", "51000", "not accepted: instId"),
        ("mgnMode=cross&instId=%ff", "51000", "not accepted: instId"),
        ("mgnMode=cross&ccy=NOPE", "51000", "not accepted: ccyNOPE"),
        ("mgnMode=cross&instId=BTC-USDT&tradeQuoteCcy=EUR", "51000", "not accepted: tradeQuoteCcyEUR"),
        ("mgnMode=cross&instId=BTC-USDT,NOPE-USDT", "51001", "no such instrument"),
        ("mgnMode=cross&instId=NEWCO-USDT", "51021", "not listed yet"),
        ("futures mgnMode=cross&instId=BTC-USDT&mgnCcy=ETH", "51000", "not accepted: mgnCcyETH"),
    ],
)
def test_messages(query: str, code: str, message: str) -> None:
    """An error's message names the parameter and its value, as OKX's does."""
    user, _, query = query.rpartition(" ")
    body = send(default_exchange(ManualClock()), RawRequest(query.encode()), user or "spot")
    assert (body["code"], body["msg"], body["data"]) == (code, message, [])


@pytest.mark.parametrize(
    ("failure", "status", "body"),
    [
        ({"code": "50011"}, 429, b'{"msg":"Too Many Requests","code":"50011"}'),
        ({"code": "50110"}, 401, b'{"msg":"- is not on the IP list of API key -","code":"50110"}'),
        ({"code": 50011, "status": 200}, 200, b'{"msg":"Too Many Requests","code":50011}'),
        ({"code": "59999"}, 200, b'{"code":"59999","data":[],"msg":"rejected"}'),
        ({"code": "51000_1"}, 200, b'{"code":"51000_1","data":[],"msg":"%s"}' % ERRORS["51000"].en.encode()),
        ({"status": 503}, 503, b""),
        ({"html": "<p>down"}, 502, b"<p>down"),
    ],
)
def test_failures(failure: dict[str, Any], status: int, body: bytes) -> None:
    """An injected failure has the status and the body of its code, or the page, and its delay."""
    exchange = default_exchange(ManualClock())
    exchange.fail_next(**failure, delay=1.5)
    response = handle(exchange, PAIR)
    assert (response.status, response.body, response.delay) == (status, body, 1.5)
    assert response.headers == (("content-type", "application/json" if "code" in failure else "text/html"),)
    assert handle(exchange, PAIR).delay == 0


def test_drift() -> None:
    """With a seed the amounts follow the drifting prices from the exchange's start on, for pairs and for currencies."""
    clock = ManualClock()
    exchange = default_exchange(clock, drift_seed=7)
    clock.now += 30
    for query in ({"mgnMode": "cross", "instId": "ETH-USDT"}, {"mgnMode": "cross", "ccy": "ETH"}):
        rows = send(exchange, RawRequest("&".join(map("=".join, query.items())).encode()))["data"]
        user = exchange.users["spot"]
        assert rows == max_loan_rows(user, query, drift_after(30, 7)) != max_loan_rows(user, query)


@pytest.mark.parametrize("n", [0, -1])
def test_plan_without_requests_is_rejected(n: int) -> None:
    """A planned failure for zero requests is rejected."""
    with pytest.raises(ValueError, match="at least 1"):
        default_exchange().fail_next(n, code="50011")


def test_repr_has_no_secret() -> None:
    """Neither an exchange nor a user shows a secret or a passphrase."""
    exchange = default_exchange()
    key = exchange.users["spot"].keys[0]
    assert not [part for part in (key.secret, key.passphrase) if part in repr(exchange) + repr(key)]


def test_config_row() -> None:
    """The row of the account configuration has OKX's order and the label of the key; tests/contract has the rest."""
    user, key = User("7", [], "futures"), ApiKey("k", "s", "p", label="bot")
    assert list(user.config_row(key)) == list(CONFIG_ROW)
    changes = {"acctLv": "2", "label": "bot", "mainUid": "7", "mgnIsoMode": "automatic", "perm": "read_only,trade"}
    assert user.config_row(key) == {**CONFIG_ROW, **changes, "type": "0", "uid": "7"}


def test_errors_are_those_of_the_spec() -> None:
    """Every rule of the spec has an error or none, and each check and code of the mock exists, with a message."""
    assert ERROR_BY_RULE.keys() == {rule.id for rule in GET_MAX_LOAN.rules}
    assert CODE_BY_CHECK.keys() <= load_catalogue("en")["parameter"].keys()
    codes = {*CODE_BY_CHECK.values(), *(error[0] for error in ERROR_BY_RULE.values() if error)}
    assert codes <= ERROR_RESPONSES.keys() <= ERRORS.keys()
